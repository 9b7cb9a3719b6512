// What other languages make of the published schema: `make contracts`.

import { documents } from "./documents.mjs";
import { compiled } from "./compiled.mjs";
import { quicktypes } from "./quicktypes.mjs";
import { schemathesis } from "./schemathesis.mjs";
import { java } from "./java.mjs";
import { python } from "./python.mjs";
import { interpreters } from "./interpreters.mjs";
import { sequences } from "./sequences.mjs";
import { finish } from "./report.mjs";
import { statuses } from "./statuses.mjs";
import { tags } from "./tags.mjs";
import { transcripts } from "./transcripts.mjs";
import { typescript } from "./typescript.mjs";

await typescript();
await python();
await interpreters();
await sequences();
await documents();
await tags();
await transcripts();
await compiled();
await quicktypes();
await java();
await statuses();
await schemathesis(20);
process.exit(finish());
