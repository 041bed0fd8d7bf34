import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import net, { type AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type * as undici from 'undici';
import { build, type Metafile } from 'esbuild';
import { bundle } from '../../../esbuild.mjs';
import { ownFiles } from '../../../scripts/packaging/extensionParts.mjs';
import { largePackages, packagesApart, parserFile, usedNames } from '../../../scripts/packaging/shippedPackages.mjs';
import { readEnglish } from '../../../scripts/packaging/shippedTexts.mjs';
import { licenceCopies, thirdPartyNotices } from '../../../scripts/packaging/thirdPartyNotices.mjs';
import { languages } from '../../tools/translations/languages.ts';
import { projectRoot } from '../../tools/projectPaths.ts';
import { run } from '../../tools/run.ts';
import { makeScratch, type Scratch } from '../../tools/scratch.ts';

/** Run on a thread or in a page of their own, where nothing of the others is: they may share source files with them. */
const [worker, page] = ['compressWorker.cjs', 'pushPage.js'];

/** Loads the bundle and prints which files were loaded. VS Code's interface is an object with any property. */
const loader = `
  const Module = require('node:module');
  const anything = new Proxy(class {}, { get: (target, name) => (name === 'prototype' ? target.prototype : anything) });
  // The list of translated texts notes which are asked for.
  const asked = [];
  const bundle = new Proxy([], { get: (_, number) => (asked.push(number), 'text') });
  const vscode = new Proxy(anything, { get: (_, name) => (name === 'l10n' ? { bundle } : anything) });
  const load = Module._load;
  Module._load = function (request, ...rest) {
    return request === 'vscode' ? vscode : load.call(this, request, ...rest);
  };
  const { activate } = require('./extension.cjs');
  console.log(JSON.stringify({ activate: typeof activate, loaded: Object.keys(require.cache), asked }));
`;

interface Loaded {
  readonly activate: string;
  readonly loaded: readonly string[];
  /** The numbers of the texts. */
  readonly asked: readonly string[];
}

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

  const loadExtension = async (): Promise<Loaded> => {
    const script = join(scratch.path, 'load.cjs');
    await writeFile(script, loader);
    const { stdout } = await run(process.execPath, [script]);
    return JSON.parse(stdout) as Loaded;
  };

  let made: Promise<unknown> | undefined;
  /** The folder of the bundles as they are shipped. */
  const production = async (): Promise<string> => {
    const folder = join(scratch.path, 'production');
    await (made ??= bundle({ production: true, folder }));
    return folder;
  };

  it('hold no module twice, so that a class is one class whoever throws its objects', () => {
    const homes = new Map<string, string>();
    for (const [file, paths] of modules) {
      if (file === worker || file === page || file === parserFile) continue;
      for (const path of paths) {
        assert.equal(homes.get(path), undefined, `${path} is in ${file} and in ${homes.get(path) ?? ''}`);
        homes.set(path, file);
      }
    }
    assert.equal(homes.get('src/core/base/errors.ts'), 'extension.cjs');
    assert.equal(homes.get('src/core/docker/client/engine.ts'), 'engine.cjs');
    assert.equal(homes.get('src/core/registry/http/transport.ts'), 'later.cjs');
    assert.equal(homes.get('src/core/push/pushImage.ts'), 'later.cjs');
  });

  it('keep the large packages apart from our own code, and hold the others in part', async () => {
    const own = ownFiles.map((name) => `${name}.cjs`);
    const names = packagesOf(own.flatMap((file) => modules.get(file) ?? assert.fail(file)));
    assert.deepEqual(
      largePackages.filter((name) => names.has(name)),
      [],
    );
    assert.deepEqual(
      [...modules.keys()].sort(),
      [...own, worker, page, 'pushPage.css', parserFile, ...largePackages.map((name) => `${name}.cjs`)].sort(),
    );
    const code = await readFile(join(scratch.path, 'extension.cjs'), 'utf8');
    assert.ok(!code.includes('creditCard'), 'what is not used of valibot is not shipped');
  });

  it('keep what activates the extension small: VS Code compiles all of it first', async () => {
    const code = await readFile(join(await production(), 'extension.cjs'), 'utf8');
    assert.ok(code.length < 560_000, `${code.length} characters`);
  });

  it('keep the push page small, and without Node, VS Code or anything of the core', async () => {
    const own = modules.get(page) ?? assert.fail();
    assert.deepEqual(
      own.filter((path) => !/^src\/webview\/|node_modules\/(?:valibot|@vscode\/l10n)\//.test(path)),
      [],
    );
    const bytes = (await readFile(join(await production(), page))).byteLength;
    assert.ok(bytes < 25_000, `${bytes} bytes`);
  });

  it('are loaded one by one: the first loads no other', async () => {
    const { activate, loaded } = await loadExtension();
    assert.equal(activate, 'function');
    assert.deepEqual(loaded.map((path) => basename(path)).sort(), ['extension.cjs', 'load.cjs']);
  });

  it('have the texts of the language before a module asks for one as it is loaded', async () => {
    const { asked } = await loadExtension();
    const { english } = await readEnglish();
    // Of recordPage.ts and syncText.ts, which also other files use.
    for (const text of ['Exported from the engine', 'up to date']) {
      assert.ok(asked.includes(String(english.indexOf(text))), text);
    }
  });

  it('give of each package what we use of it', () => {
    const require = createRequire(import.meta.url);
    for (const name of largePackages) {
      const given = require(join(scratch.path, `${name}.cjs`)) as Readonly<Record<string, unknown>>;
      assert.deepEqual(Object.keys(given).sort(), usedNames[name]?.toSorted(), name);
      for (const value of Object.values(given)) assert.equal(typeof value, 'function', name);
    }
  });

  it('are not made if our code imports of a package what is not shipped of it', async () => {
    const contents = "import { Pool } from 'undici';\nexport const pool = new Pool('http://localhost');";
    const options = { bundle: true, write: false, logLevel: 'silent', platform: 'node' } as const;
    await assert.rejects(
      build({ ...options, stdin: { contents, resolveDir: projectRoot }, plugins: [packagesApart] }),
      /No matching export .* for import "Pool"/,
    );
  });

  it('say which module of a package is missing if it is reached all the same', async () => {
    const { Client } = createRequire(import.meta.url)(join(scratch.path, 'undici.cjs')) as typeof undici;
    const client = new Client('http://127.0.0.1:9', { connect: () => undefined });
    // Its types refuse the FormData of Node.
    const body = new FormData() as unknown as undici.FormData;
    await assert.rejects(
      client.request({ path: '/', method: 'POST', body }),
      /Tea Chest does not ship this module of undici: \.\.\/web\/webidl/,
    );
    await client.destroy();
  });

  it('read answers by the parser that is shipped, on a connection that is kept', async () => {
    const { Agent } = createRequire(import.meta.url)(join(scratch.path, 'undici.cjs')) as typeof undici;
    const connections = new Set<unknown>();
    const server = createServer((request, response) => {
      connections.add(request.socket);
      response.writeHead(200, { 'x-name': 'a'.repeat(600) }).write('a'.repeat(70_000));
      response.end(request.method);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    // As in transport.ts, which opens each connection itself.
    const connect: undici.buildConnector.connector = (_options, callback) => {
      const socket = net.connect(port, '127.0.0.1', () => {
        callback(null, socket);
      });
    };
    const agent = new Agent({ connections: 1, connect });
    after(async () => {
      await agent.destroy();
      server.close();
    });
    for (const method of ['GET', 'PUT'] as const) {
      const { headers, body } = await agent.request({ origin: `http://127.0.0.1:${port}`, path: '/', method });
      assert.equal(String(headers['x-name']).length, 600);
      assert.equal(await body.text(), 'a'.repeat(70_000) + method);
    }
    assert.equal(connections.size, 1);
  });

  it('have their texts as numbered lists, English in the code and each translation in a file', async () => {
    const { english } = await readEnglish();
    const code = (
      await Promise.all(ownFiles.map((name) => readFile(join(scratch.path, `${name}.cjs`), 'utf8')))
    ).join();
    for (const text of english.filter((one) => /^[\w {}.,:]{30,}$/.test(one))) assert.ok(code.includes(text), text);
    const folder = join(scratch.path, 'l10n');
    for (const name of await readdir(folder)) {
      const texts = JSON.parse(await readFile(join(folder, name), 'utf8')) as readonly string[];
      assert.equal(texts.length, english.length, name);
    }
    assert.deepEqual((await readdir(folder)).sort(), languages.map((name) => `bundle.l10n.${name}.json`).sort());
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
