import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Metafile } from 'esbuild';
import { bundle, largePackages } from '../../../esbuild.mjs';
import { licenceCopies, thirdPartyNotices } from '../../../scripts/packaging/thirdPartyNotices.mjs';
import { projectRoot } from '../../tools/projectPaths.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';

/** Run on a thread or in a page of their own, where nothing of the others is: they may share source files with them. */
const [worker, page] = ['compressWorker.cjs', 'pushPage.js'];

/** Loads the bundle and prints which files were loaded. VS Code's interface is an object with any property. */
const loader = `
  const Module = require('node:module');
  const anything = new Proxy(class {}, { get: (target, name) => (name === 'prototype' ? target.prototype : anything) });
  // In English there is no bundle of texts.
  const vscode = new Proxy(anything, { get: (_, name) => (name === 'l10n' ? {} : anything) });
  const load = Module._load;
  Module._load = function (request, ...rest) {
    return request === 'vscode' ? vscode : load.call(this, request, ...rest);
  };
  const { activate } = require('./extension.cjs');
  console.log(JSON.stringify({ activate: typeof activate, loaded: Object.keys(require.cache) }));
`;

describe('the bundles of the extension', () => {
  let scratch: Scratch;
  let dependencies: readonly string[];
  /** The modules that each bundle is made of, by its file's name. */
  let modules: ReadonlyMap<string, readonly string[]>;
  let metafiles: readonly Metafile[];

  before(async () => {
    scratch = await makeScratch('bundles');
    const manifest = JSON.parse(await readFile(join(projectRoot, 'package.json'), 'utf8')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    dependencies = Object.keys(manifest.dependencies);
    metafiles = await bundle({ production: false, folder: scratch.path });
    modules = modulesOf(metafiles);
  });
  after(() => scratch.remove());

  it('hold no module twice, so that a class is one class whoever throws its objects', () => {
    const homes = new Map<string, string>();
    for (const [file, paths] of modules) {
      if (file === worker || file === page) continue;
      for (const path of paths) {
        assert.equal(homes.get(path), undefined, `${path} is in ${file} and in ${homes.get(path) ?? ''}`);
        homes.set(path, file);
      }
    }
    assert.equal(homes.get('src/core/base/errors.ts'), 'extension.cjs');
    assert.equal(homes.get('src/core/registry/http/transport.ts'), 'extension.cjs');
  });

  it('keep the large packages out of the one that activates, and hold the others in part', async () => {
    const names = packagesOf(modules.get('extension.cjs') ?? []);
    assert.deepEqual(
      largePackages.filter((name) => names.has(name)),
      [],
    );
    assert.deepEqual(
      [...modules.keys()].sort(),
      ['extension.cjs', worker, page, 'pushPage.css', ...largePackages.map((name) => `${name}.cjs`)].sort(),
    );
    const code = await readFile(join(scratch.path, 'extension.cjs'), 'utf8');
    assert.ok(!code.includes('creditCard'), 'what is not used of valibot is not shipped');
  });

  it('keep the push page small, and without Node, VS Code or anything of the core', async () => {
    const own = modules.get(page) ?? assert.fail();
    assert.deepEqual(
      own.filter((path) => !/^src\/webview\/|node_modules\/(?:valibot|@vscode\/l10n)\//.test(path)),
      [],
    );
    const folder = join(scratch.path, 'production');
    await bundle({ production: true, folder });
    const bytes = (await readFile(join(folder, page))).byteLength;
    assert.ok(bytes < 25_000, `${bytes} bytes`);
  });

  it('are loaded one by one: the first loads no other', async () => {
    const script = join(scratch.path, 'load.cjs');
    await writeFile(script, loader);
    const { stdout } = await run(process.execPath, [script]);
    const { activate, loaded } = JSON.parse(stdout) as { readonly activate: string; readonly loaded: string[] };
    assert.equal(activate, 'function');
    assert.deepEqual(loaded.map((path) => basename(path)).sort(), ['extension.cjs', 'load.cjs']);
  });

  it('give of each package what the package gives', () => {
    const require = createRequire(import.meta.url);
    for (const name of largePackages) {
      const names = (module: unknown): string[] => Object.keys(module as object).sort();
      assert.deepEqual(names(require(join(scratch.path, `${name}.cjs`))), names(require(name)), name);
    }
  });

  it('ship with the licence of every package that is in them, word for word', async () => {
    const notices = await thirdPartyNotices(metafiles);
    const foreign = [...modules.values()].flat().filter((path) => path.includes('node_modules/'));
    const names = packagesOf(foreign);
    for (const name of dependencies) assert.ok(names.has(name), `${name} is bundled`);
    for (const name of [...names, 'assemblyscript']) {
      const folder = join(projectRoot, 'node_modules', name);
      const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
        readonly version: string;
      };
      assert.ok(notices.includes(`\n${name} ${version} (`), name);
      const licence = (await readdir(folder)).find((file) => /^license/i.test(file));
      const path =
        licence === undefined ? join(projectRoot, licenceCopies[name] ?? assert.fail(name)) : join(folder, licence);
      assert.ok(notices.includes((await readFile(path, 'utf8')).trim()), `${name}: its licence`);
    }
    // The Apache License asks for the text of NOTICE as well.
    const notice = await readFile(join(projectRoot, 'node_modules', 'assemblyscript', 'NOTICE'), 'utf8');
    assert.ok(notices.includes(notice.trim()));
  });

  it('use the interface of VS Code as it is, without a copy of it for each file', async () => {
    const code = await readFile(join(scratch.path, 'extension.cjs'), 'utf8');
    assert.match(code, /= require\("vscode"\)/);
    assert.doesNotMatch(code, /\(require\("vscode"\)/);
  });
});

function packagesOf(paths: readonly string[]): ReadonlySet<string> {
  const foreign = paths.filter((path) => path.includes('node_modules/'));
  return new Set(
    foreign.map((path) => path.replace(/^.*node_modules\//, '').replace(/^((?:@[^/]+\/)?[^/]+)\/.*$/, '$1')),
  );
}

function modulesOf(metafiles: readonly Metafile[]): Map<string, readonly string[]> {
  const modules = new Map<string, readonly string[]>();
  for (const { outputs } of metafiles) {
    for (const [file, { inputs }] of Object.entries(outputs)) {
      const shipped = Object.entries(inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
      if (!file.endsWith('.map'))
        modules.set(
          basename(file),
          shipped.map(([path]) => path),
        );
    }
  }
  return modules;
}
