// Public generators of code, run as schema/generators.md says: what they make compiles, and loses nothing of the vectors.

import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fresh, here, isHere, run, schemaFolder } from "./files.mjs";
import { check, skip } from "./report.mjs";
import { compare, lines, stripped, valid } from "./vectors.mjs";

const tools = join(here, "generators");
const jars = join(tools, "lib/*");
const types = join(schemaFolder, "types.schema.json");
const signals = ["data-signals"];
const messages = ["client-messages", "server-messages"];

/** Compiles Kotlin into a folder of classes. */
function kotlin(source, classes) {
  const compiler = ["-Xmx2g", "-cp", jars, "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-no-stdlib", "-no-reflect"];
  const libraries = readdirSync(join(tools, "lib")).map((name) => join(tools, "lib", name));
  run("java", [...compiler, "-nowarn", "-cp", libraries.join(":"), "-d", classes, source]);
}

/** Compiles every Java file below a folder. */
function java(source, classes) {
  const files = readdirSync(source, { recursive: true }).filter((name) => name.endsWith(".java"));
  const paths = files.map((name) => join(source, name));
  run("javac", ["-nowarn", "-proc:none", "-cp", jars, "-d", classes, ...paths]);
}

/** The vectors as the compiled types give them back. */
function again(codec, namespace, classes, files) {
  java(tools, classes);
  const vectors = valid(files);
  return compare(vectors, run("java", ["-cp", `${classes}:${jars}`, "RoundTrip", codec, namespace], { input: lines(vectors) }));
}

function openapi(language, options, library = []) {
  const folder = fresh(`openapi-${language}`);
  const program = join(tools, ".venv/bin/openapi-generator-cli");
  const given = ["-g", language, ...library, "--global-property", "skipFormModel=false", "--additional-properties", options];
  run(program, ["generate", "-i", join(schemaFolder, "openapi.json"), "-o", join(folder, "source"), ...given]);
  return folder;
}

/** One type for the union of all data signals: each vector is read as that. */
function ofUnion(codec, namespace, classes) {
  java(tools, classes);
  const vectors = valid(signals);
  const asUnion = lines(vectors.map(({ value }) => ({ type: "DataSignal", value })));
  return compare(vectors, run("java", ["-cp", `${classes}:${jars}`, "RoundTrip", codec, namespace], { input: asUnion }));
}

function openapiJava() {
  const folder = openapi("java", "openApiNullable=false,useJakartaEe=true", ["--library", "native"]);
  const classes = join(folder, "classes");
  java(join(folder, "source/src/main"), classes);
  return ofUnion("openapi-java", "org.openapitools.client.model", classes);
}

function openapiKotlin() {
  const folder = openapi("kotlin", "serializationLibrary=gson,generateOneOfAnyOfWrappers=true");
  const classes = join(folder, "classes");
  kotlin(join(folder, "source/src/main/kotlin"), classes);
  return ofUnion("openapi-kotlin", "org.openapitools.client.models", classes);
}

function quicktypeKotlin() {
  const folder = fresh("quicktype-kotlin");
  const source = join(folder, "Roomcast.kt");
  const options = ["--framework", "jackson", "--package", "roomcast", "--acronym-style", "original"];
  const program = join(tools, "node_modules/.bin/quicktype");
  run(program, ["--src-lang", "schema", "--lang", "kotlin", ...options, "-o", source, `${types}#/$defs/`]);
  kotlin(source, join(folder, "classes"));
  return again("quicktype", "roomcast", join(folder, "classes"));
}

function modelinaJava() {
  const folder = fresh("modelina-java");
  run("node", [join(tools, "modelina.mjs"), "java", join(folder, "roomcast")]);
  java(join(folder, "roomcast"), join(folder, "classes"));
  return again("jackson", "roomcast", join(folder, "classes"), messages);
}

/** Types without code: the vectors must have them. */
function modelinaTypescript() {
  const folder = fresh("modelina-typescript");
  run("node", [join(tools, "modelina.mjs"), "typescript", folder]);
  const vectors = valid(messages);
  const names = [...new Set(vectors.map(({ type }) => type))];
  const imports = names.map((name) => `import type { ${name} } from "./${name}.js";`);
  const constants = vectors.map(({ type, value }, index) => `export const v${index}: ${type} = ${JSON.stringify(stripped(value))};`);
  writeFileSync(join(folder, "vectors.ts"), [...imports, ...constants].join("\n"));
  const flags = ["--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--strict", "--ignoreConfig", "--noEmit"];
  run(join(here, "node_modules/.bin/tsc"), [join(folder, "vectors.ts"), ...flags]);
  return `${vectors.length} valid have their type`;
}

function goJsonschema() {
  const folder = fresh("go-jsonschema");
  const vectors = valid();
  const names = [...new Set(vectors.map(({ type }) => type))];
  const program = join(tools, "bin/go-jsonschema");
  writeFileSync(join(folder, "go.mod"), "module roundtrip\n\ngo 1.21\n");
  const options = ["--tags", "json", "--package", "main", "--output", join(folder, "types.go")];
  run(program, [...options, types]);
  const makers = names.map((name) => `\t"${name}": func() any { return new(${name}) },`).join("\n");
  writeFileSync(join(folder, "makers.go"), `package main\n\nvar makers = map[string]func() any{\n${makers}\n}\n`);
  run("cp", [join(tools, "roundtrip.go"), folder]);
  const env = { ...process.env, GOTOOLCHAIN: "local", GOPROXY: "off", GOFLAGS: "-mod=mod" };
  run("go", ["build", "-o", "roundtrip", "."], { cwd: folder, env });
  return compare(vectors, run("./roundtrip", [], { cwd: folder, input: lines(vectors) }));
}

export async function generators() {
  mkdirSync(join(here, "generated"), { recursive: true });
  await check("openapi-generator java", openapiJava);
  await check("openapi-generator kotlin", openapiKotlin);
  await check("quicktype kotlin", quicktypeKotlin);
  await check("modelina java", modelinaJava);
  await check("modelina typescript", modelinaTypescript);
  if (isHere(join(tools, "bin/go-jsonschema"), "--help")) await check("go-jsonschema", goJsonschema);
  else skip("go-jsonschema", "it could not be installed");
}
