// The first line of every npm script: sees to it that node_modules holds what package-lock.json says, then runs the
// script named in the arguments under the project's own Node (the npm package `node`). Runs on Node 20 with nothing
// installed, so: no dependencies, no TypeScript.
//
//   node scripts/bootstrap.mjs scripts/start.ts --once
//   node scripts/bootstrap.mjs --test 'test/contract/**/*.test.ts'
//
// Why not `node scripts/bootstrap.mjs && node scripts/start.ts`: a POSIX shell remembers where it found `node` the first
// time, so that on a fresh machine the second one would still be the machine's, not the one just installed.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(join(root, lockFile), 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** What package-lock.json asks for and node_modules has not: `undefined` when all is there. */
function firstDifference() {
  const installed = packagesOf('node_modules/.package-lock.json');
  if (installed === undefined) return 'nothing is installed yet';
  for (const [path, wanted] of Object.entries(packagesOf('package-lock.json') ?? {})) {
    if (path === '' || wanted.link) continue;
    const found = installed[path];
    if (found === undefined && !wanted.optional) return `${path} is missing`;
    if (found !== undefined && found.version !== wanted.version) {
      return `${path} is ${found.version}, ${wanted.version} is wanted`;
    }
  }
  return undefined;
}

/** Runs a child that shares our terminal; resolves with its exit code, hands the signals we get on to it. */
function runChild(command, args, options = {}) {
  return new Promise((resolveCode, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: process.cwd(), ...options });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolveCode(code ?? (signal === null ? 1 : 130));
    });
  });
}

async function install(reason) {
  console.log(`Installing the development packages with npm ci (${reason}). This takes a minute or so.`);
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const heartbeat = process.stdout.isTTY
    ? undefined
    : setInterval(() => console.log(`  still installing (${seconds()} s)`), 15_000);
  const npm = process.env.npm_execpath;
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const code = npm?.endsWith('.js')
    ? await runChild(process.execPath, [npm, ...args], { cwd: root })
    : await runChild('npm', args, { cwd: root, shell: process.platform === 'win32' });
  clearInterval(heartbeat);
  if (code !== 0) {
    console.error(`npm ci ended with code ${code}: its own words are above.`);
    process.exit(code);
  }
  console.log(`Installed in ${seconds()} s.`);
}

function isOurNode() {
  const wanted = packagesOf('node_modules/.package-lock.json')?.['node_modules/node']?.version;
  return process.version === `v${wanted}`;
}

const difference = firstDifference();
if (difference !== undefined) await install(difference);

const [script, ...rest] = process.argv.slice(2);
if (script !== undefined) {
  if (isOurNode() && !script.startsWith('-')) {
    process.argv = [process.execPath, resolve(script), ...rest];
    await import(pathToFileURL(resolve(script)).href);
  } else {
    const node = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    process.exit(await runChild(node, [script, ...rest]));
  }
}
