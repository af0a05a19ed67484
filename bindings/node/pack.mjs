// Packs the npm packages: `commensal`, and the one with the library for this platform, on which it
// depends.
// node pack.mjs [LIBRARY] FOLDER: LIBRARY is the loadable extension; without it, Cargo builds one and shows
// its progress. FOLDER gets the archives. The platform is the one this runs on. The same sources and library
// make the same bytes.

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const workspace = join(here, '../..');
const licences = ['LICENSE-APACHE', 'LICENSE-MIT'];

function main(library, folder) {
  const manifest = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'));
  const { version } = manifest;
  const cargo = readFileSync(join(workspace, 'Cargo.toml'), 'utf8');
  const wanted = /^\[workspace\.package\]\nversion = "(.+)"$/m.exec(cargo)?.[1];
  const versions = new Set([wanted, version, ...Object.values(manifest.optionalDependencies)]);
  if (versions.size !== 1) throw new Error(`versions differ: ${[...versions].join(', ')}`);

  mkdirSync(folder, { recursive: true });
  const platform = platformManifest(manifest, library);
  if (!(platform.name in manifest.optionalDependencies)) {
    throw new Error(`package.json has no dependency ${platform.name}`);
  }
  pack(platform, folder, (into) => installLibrary(library, into));
  pack(manifest, folder, (into) => {
    for (const file of [...manifest.files, 'README.md']) cpSync(join(here, file), join(into, file));
  });
}

/** The path of the loadable extension, built now. */
function build() {
  console.error(
    `pack.mjs: building the library in ${resolve(workspace)}: some minutes the first time, seconds after ` +
      'that.\nTo pack one that is built already, give its path before the folder.',
  );
  const cargo = ['build', '--profile=quick', '--locked', '--package', 'commensal-extension'];
  execFileSync('cargo', cargo, { cwd: workspace, stdio: 'inherit' });
  const names = { darwin: 'libcommensal.dylib', win32: 'commensal.dll' };
  const target = resolve(workspace, process.env.CARGO_TARGET_DIR ?? 'target');
  return join(target, 'quick', names[process.platform] ?? 'libcommensal.so');
}

/** The manifest of the package for this platform. */
function platformManifest({ name, version, license, author }, library) {
  const platform = `${process.platform}-${process.arch}`;
  return {
    name: `${name}-${platform}`,
    version,
    description: `The library of ${name} for ${platform}`,
    license,
    author,
    os: [process.platform],
    cpu: [process.arch],
    ...(process.platform === 'linux' ? { libc: ['glibc'] } : {}),
    files: [basename(library)],
  };
}

/** Installs it without symbols: nobody debugs an installed library, and they are half of it. */
function installLibrary(library, into) {
  const target = join(into, basename(library));
  if (process.platform === 'win32') cpSync(library, target);
  else {
    const keep = process.platform === 'darwin' ? '-x' : '--strip-unneeded';
    execFileSync('strip', [keep, '-o', target, library]);
  }
}

function pack(manifest, folder, fill) {
  const into = mkdtempSync(join(tmpdir(), 'commensal-pack-'));
  try {
    const files = [...manifest.files, ...licences];
    const json = JSON.stringify({ ...manifest, files }, null, 2);
    writeFileSync(join(into, 'package.json'), `${json}\n`);
    for (const licence of licences) cpSync(join(workspace, licence), join(into, licence));
    fill(into);
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    execFileSync(npm, ['pack', '--silent', '--pack-destination', folder], { cwd: into });
  } finally {
    rmSync(into, { recursive: true });
  }
}

const given = process.argv.slice(2);
const folder = given.pop();
if (folder === undefined || given.length > 1) {
  console.error('usage: node pack.mjs [LIBRARY] FOLDER');
  process.exit(2);
}
main(given[0] ?? build(), resolve(folder));
