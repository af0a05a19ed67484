// Packing: which library is packed, and what the build shows meanwhile.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { getLoadablePath } from 'commensal';

// Like `cargo build`: writes to standard error, and puts a library where Cargo would.
const CARGO = `#!/bin/sh
echo "Compiling with $*" >&2
mkdir -p "$CARGO_TARGET_DIR/quick"
cp "$BUILT" "$CARGO_TARGET_DIR/quick/"
`;

function pack(context, ...library) {
  const folder = mkdtempSync(join(tmpdir(), 'commensal-test-'));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'cargo'), CARGO);
  chmodSync(join(folder, 'cargo'), 0o755);
  const packages = join(folder, 'packages');
  const { status, stderr } = spawnSync(
    process.execPath,
    [process.env.COMMENSAL_PACK, ...library, packages],
    {
      encoding: 'utf8',
      timeout: 120_000,
      env: {
        ...process.env,
        PATH: `${folder}${delimiter}${process.env.PATH}`,
        CARGO_TARGET_DIR: join(folder, 'target'),
        BUILT: getLoadablePath(),
      },
    },
  );
  assert.equal(status, 0, stderr);
  assert.equal(readdirSync(packages).length, 2);
  return stderr;
}

test('without a library Cargo builds one, and its progress is seen', (context) => {
  const shown = pack(context);
  assert.match(shown, /building the library in/);
  assert.match(shown, /Compiling with build --profile=quick --locked --package commensal-extension/);
});

test('a library that is built is taken', (context) => {
  assert.doesNotMatch(pack(context, getLoadablePath()), /Compiling/);
});
