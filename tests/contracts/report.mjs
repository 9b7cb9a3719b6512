// One line per check, and the sum of them.

const counts = { passed: 0, failed: 0 };

/** Runs a check: it returns what it counted, and throws what is wrong. */
export async function check(name, run) {
  try {
    console.log(`ok   ${name}: ${await run()}`);
    counts.passed += 1;
  } catch (error) {
    console.log(`FAIL ${name}: ${error.message.trim().replaceAll("\n", "\n     ")}`);
    counts.failed += 1;
  }
}

/** Says what was not checked, and why: neither passed nor failed. */
export function skip(name, why) {
  console.log(`skip ${name}: ${why}`);
}

/** Prints the last line; the exit status of the whole. */
export function finish() {
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}
