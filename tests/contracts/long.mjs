// What public generators make of the published schema: `make contracts-long`.

import { generators } from "./generators.mjs";
import { finish } from "./report.mjs";
import { schemathesis } from "./schemathesis.mjs";

await generators();
await schemathesis(60);
process.exit(finish());
