// The examples of docs/node.md, as one program.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tree } from './environment.mjs';

test('the examples run', (context) => {
  const page = readFileSync(process.env.COMMENSAL_DOCS, 'utf8');
  const examples = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, example]) => example);
  assert.ok(examples.length >= 4);
  // Beside the tests, where the packages are found.
  const folder = mkdtempSync(fileURLToPath(new URL('docs-', import.meta.url)));
  context.after(() => rmSync(folder, { recursive: true }));
  symlinkSync(join(tree, 'guests'), join(folder, 'guests'));
  writeFileSync(join(folder, 'examples.mjs'), examples.join('\n'));
  execFileSync(process.execPath, ['examples.mjs'], { cwd: folder, timeout: 60_000 });
});
