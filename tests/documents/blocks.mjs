// The commands and configurations of the documents: fenced blocks of README, CONTRIBUTING, docs and deploy, and the files
// of deploy.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export const read = (path) => readFileSync(join(root, path), 'utf8');

/** All files below a folder of the repository, by their path from its root; files that git ignores are left out. */
function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(path);
    return entry.name === '.env' ? [] : [path];
  });
}

/** The fenced blocks of a Markdown text, without their indentation. */
export function fenced(text) {
  const blocks = text.matchAll(/^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$/gms);
  return [...blocks].map(([, indent, , language, body]) => {
    return { language: language.trim(), text: body.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
  });
}

/** The fenced blocks of a Markdown text with the heading that they stand under, and the number of their first line. */
export function sections(text) {
  const blocks = /^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$/gms;
  const headings = [...text.replaceAll(blocks, (block) => ' '.repeat(block.length)).matchAll(/^#+ (.*)$/gm)];
  return [...text.matchAll(blocks)].map((found) => {
    const [block] = fenced(found[0]);
    const section = headings.filter(({ index }) => index < found.index).at(-1)?.[1];
    return { ...block, section, line: text.slice(0, found.index).split('\n').length };
  });
}

const folders = ['docs', 'deploy', 'schema'];
const documents = () => ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...folders.flatMap(filesBelow)].filter((path) => path.endsWith('.md'));

/** Every block as `{ file, section, text }`. */
export function allBlocks() {
  return documents().flatMap((file) => sections(read(file)).map((block) => ({ file, ...block })));
}

/** The pieces of code in the running text of every document as `{ file, text }`. */
export function inlineCode() {
  return documents().flatMap((file) => {
    const prose = read(file).replaceAll(/^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$/gms, '');
    return [...prose.matchAll(/(?<!`)`([^`]+)`(?!`)/g)].map(([, text]) => ({ file, text: text.replaceAll(/\s+/g, ' ') }));
  });
}

/** Every file of deploy that is not a document. */
export const deployed = () => filesBelow('deploy').filter((path) => !path.endsWith('.md'));
