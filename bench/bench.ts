// npm run bench [-- --quick] [--case NAME]... [--json FILE] [--profile FOLDER]
//     [--rounds N] [--megabytes N]
//
// Pushes the same images by docker push, skopeo and Tea Chest, in turn, from real engines to real registries, and writes
// what it took to docs/performance.md. A quick or partial run shows the same table in test-results/performance.md: its
// figures say that the bench works, not how fast anything is. `--profile` leaves CPU profiles of Tea Chest's processes,
// `--rounds` has everything measured more or less often than three times, `--megabytes` makes the large image smaller.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createCloser, stopRequested } from '../test/tools/closer.ts';
import { startPrivateEngine, type Engine } from '../test/tools/engine.ts';
import { startNewEngine } from '../test/tools/newEngine.ts';
import { projectRoot, resultsFolder } from '../test/tools/projectPaths.ts';
import { provision } from '../test/tools/provision.ts';
import { startPodman } from '../test/tools/podman.ts';
import { step } from '../test/tools/step.ts';
import { cases } from './cases/cases.ts';
import { describeMachine } from './report/machine.ts';
import { toMarkdown } from './report/markdown.ts';
import { formatPage, replaceBetweenMarks } from './report/page.ts';
import { nothingMeasured, type Row } from './report/row.ts';
import { giteaProvider } from './rig/benchRegistry.ts';
import type { Bench, BenchEngine, Store } from './rig/bench.ts';
import { prepareBenchImages } from './rig/benchImages.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    case: { type: 'string', multiple: true },
    profile: { type: 'string' },
    rounds: { type: 'string' },
    megabytes: { type: 'string' },
  },
});
const quick = values.quick;
const appMegabytes = Number(values.megabytes ?? (quick ? 100 : 1700));
const gitea = giteaProvider();
const all = cases(gitea);
const chosen = values.case === undefined ? all : all.filter(({ name }) => values.case?.includes(name));
if (chosen.length === 0) {
  console.error(`There is no such case. There are: ${all.map(({ name }) => name).join(', ')}.`);
  process.exit(2);
}

const closer = createCloser();
const rows: Row[] = [];
const engines: string[] = [];
const started: BenchEngine[] = [];

/** Fires when the run is stopped. */
const stopping = new AbortController();
const finished = Promise.withResolvers<undefined>();
/** Time for the case under way to notice that its engine is gone, and to remove what it had made; ms. */
const timeToNotice = 20_000;

void stopRequested().then(async (reason) => {
  console.log(`Stopping everything: ${reason}.`);
  stopping.abort();
  await closer.close();
  await Promise.race([finished.promise, sleep(timeToNotice)]);
  process.exit(130);
});

/** Starts once, when first asked for. */
function lazily(program: string, title: string, start: () => Promise<Engine>): () => Promise<BenchEngine> {
  let starting: Promise<BenchEngine> | undefined;
  return () => {
    starting ??= (async () => {
      const engine = await step(`Starting an engine: ${title}`, start);
      closer.add(() => engine.stop());
      engines.push(`${program} ${engine.version}: ${title}`);
      const side = { engine, images: await prepareBenchImages(engine, appMegabytes) };
      started.push(side);
      return side;
    })();
    return starting;
  };
}

const bench: Bench = {
  quick,
  rounds: Number(values.rounds ?? (quick ? 1 : 3)),
  profileFolder: values.profile === undefined ? undefined : resolve(values.profile),
  classic: lazily('dockerd', 'classic image store', () => startPrivateEngine(enginesOptions())),
  containerd: lazily('dockerd', 'containerd image store', () => startNewEngine({ containerdStore: true })),
  podman4: lazily('podman', 'a service of its own', () => startPodman(4)),
  podman5: lazily('podman', 'a service of its own', () => startPodman(5)),
  record: (row) => rows.push(row),
};

/** Docker must be configured to trust a Gitea with a self-signed certificate. */
function enginesOptions(): { insecureRegistries?: string[] } {
  const url = process.env['GITEA_URL'];
  return url === undefined || url === '' ? {} : { insecureRegistries: [new URL(url).host] };
}

/** All at once, as each build waits for its disk most of the time. What fails here fails again in its case. */
async function makeLargeImages(): Promise<void> {
  const stores = new Set(chosen.flatMap(({ largeImageOf }) => largeImageOf ?? []));
  const make = (store: Store): Promise<string> =>
    step(`The large image, ${store} store`, async () => (await bench[store]()).images.app());
  await Promise.allSettled([...stores].map(make));
}

async function writeReport(): Promise<void> {
  const page = toMarkdown({
    date: new Date().toISOString().slice(0, 10),
    machine: [
      ...(await describeMachine(engines)),
      `the large image: ${await appSize()}; every layer is made of files of this machine`,
      ...(quick ? ['quick: small images, one round. These figures say nothing of speed.'] : []),
    ],
    titles: new Map(all.flatMap(({ titles }) => Object.entries(titles))),
    rows,
  });
  const isWhole = !quick && [values.case, values.rounds, values.megabytes].every((value) => value === undefined);
  const file = isWhole ? join(projectRoot, 'docs', 'performance.md') : join(resultsFolder, 'performance.md');
  await mkdir(dirname(file), { recursive: true });
  const whole = isWhole ? replaceBetweenMarks(await readFile(file, 'utf8'), page) : page;
  await writeFile(file, await formatPage(whole, file));
  console.log(`\n${page}\n\nWritten to ${file}`);
  if (values.json !== undefined) console.log(`and to ${values.json}`);
}

async function writeRows(): Promise<void> {
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
}

async function appSize(): Promise<string> {
  const [side] = started;
  if (side === undefined) return 'not built';
  const { stdout } = await side.engine.docker(['image', 'inspect', '--format', '{{.Size}}', await side.images.app()]);
  return `${(Number(stdout) / 1e6).toFixed(0)} MB in 3 layers`;
}

try {
  await provision(['engine', 'skopeo', 'registry', 'nginx']);
  await makeLargeImages();
  for (const benchCase of chosen) {
    const { name } = benchCase;
    if (stopping.signal.aborted) break;
    try {
      await benchCase.run(bench);
    } catch (error) {
      // A case that fails does not end the others.
      const note = `not measured: ${error instanceof Error ? error.message : String(error)}`;
      console.error(`${name}: ${note}`);
      rows.push({ case: name, tool: 'all', ...nothingMeasured, note });
    }
    // After each case, so that a run that is stopped leaves what it has.
    await writeRows();
  }
  // The results of a stopped run are not complete.
  if (!stopping.signal.aborted) await writeReport();
} finally {
  await closer.close();
  finished.resolve(undefined);
}
// The signal decides about the exit code.
if (stopping.signal.aborted) await sleep(timeToNotice);
// Timers of deadlines and connections that are being closed must not keep a finished run waiting.
process.exit(0);
