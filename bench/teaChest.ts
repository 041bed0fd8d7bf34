// Tea Chest without VS Code around it, in a process of its own, so that its memory, CPU time and event loop are its
// own: the parts of the composition root (src/extension.ts) that a push uses, put together in the same way.
// Driven by messages from its parent (rig/teaChestProcess.ts).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as v from 'valibot';
import type { Memento, SecretStorage } from 'vscode';
import { parseEndpoint } from '../src/core/docker/endpoint/parseEndpoint.ts';
import { DigestCache } from '../src/core/digestCache/digestCache.ts';
import { networkScope } from '../src/core/registry/http/networkScope.ts';
import { chunkState } from '../src/core/registry/upload/chunkSizer.ts';
import { EngineLink, type Engine } from '../src/host/engine/engine.ts';
import { Codecs } from '../src/host/push/codecs.ts';
import { EngineRelay } from '../src/host/push/engineRelay.ts';
import { PushRunner } from '../src/host/push/pushRunner.ts';
import { OriginValues } from '../src/host/registry/originValues.ts';
import { RegistryAccess } from '../src/host/registry/registryAccess.ts';
import { TargetMemory } from '../src/host/targets/targetMemory.ts';
import { noHistory } from '../test/tools/noHistory.ts';
import { silentLogger } from '../test/tools/silentLogger.ts';
import { PushClock } from './rig/pushClock.ts';
import type { ChildReply, ChildRequest, OpenRequest, PushOrder, PushReport } from './rig/teaChestProtocol.ts';

/** Milliseconds between two looks at the event loop; they are part of what `delayP99Ms` says. */
const delayResolution = 5;

interface Parts {
  readonly runner: PushRunner;
  readonly open: OpenRequest;
  readonly clock: PushClock;
  readonly idleRss: number;
}

async function build(open: OpenRequest): Promise<Parts> {
  const clock = new PushClock();
  const state = memento();
  const relay = new EngineRelay({ secrets: secretStorage(), state, logger: silentLogger });
  const connect = async (): Promise<Engine> => {
    const endpoint = parseEndpoint(open.engineHost, {
      source: 'the bench',
      platform: process.platform,
      tls: undefined,
    });
    const docker = await import('../src/core/docker/client/engine.ts');
    return clock.watchExports(new docker.Engine(endpoint));
  };
  const link = new EngineLink(relay.sweeping(connect));
  const linkRates = new OriginValues(state, 'link rates', v.number());
  const access = new RegistryAccess({
    credential: () => Promise.resolve(open.credential),
    generation: () => 0,
    chunkMemory: new OriginValues(state, 'chunk sizes', chunkState),
    onLinkRate: (origin, bytesPerSecond) => {
      linkRates.set(origin, Math.round(bytesPerSecond));
    },
    proxy: () => ({ url: undefined, bypass: ['*'] }),
    logger: silentLogger,
    userAgent: 'tea-chest-bench',
  });
  const codecs = new Codecs(open.dist, new OriginValues(state, 'auto choices', v.string()));
  const runner = new PushRunner({
    link,
    openTarget: (connection, repository, signal) => access.openTarget(connection, repository, signal),
    createCodec: (compression, gzipLevel, { origin, host }) =>
      codecs.create(compression, gzipLevel, {
        ...{ origin, scope: networkScope(host) },
        ...{ roundTripMs: access.roundTripMs(origin), bytesPerSecond: linkRates.get(origin) },
      }),
    cache: new DigestCache(join(open.storage, 'digests.json'), silentLogger, Date.now),
    memory: new TargetMemory(state),
    // The defaults of package.json.
    settings: () => ({ compression: 'stored', gzipLevel: 1, parallelBlobs: 3, strategy: 'auto', maxConcurrent: 2 }),
    history: noHistory,
    relay: {
      parts: async (source, strategy) => {
        const parts = await relay.parts(source, strategy);
        return parts && clock.watchRelay(parts);
      },
    },
    spoolRoot: () => join(open.storage, 'spool'),
    logger: silentLogger,
  });
  // What the extension has done before anybody pushes: the Images view lists the images.
  const engine = await link.get();
  await engine.listImages({ signal: new AbortController().signal });
  return { runner, open, clock, idleRss: await restingRss() };
}

/** VS Code's store of small values, in memory. */
function memento(): Memento {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: <T>(key: string, otherwise?: T) => (values.get(key) ?? otherwise) as T,
    update: async (key, value) => void values.set(key, value),
  };
}

/** VS Code's store of secrets, in memory: a new one is a new installation. */
function secretStorage(): Pick<SecretStorage, 'get' | 'store'> {
  const secrets = new Map<string, string>();
  return {
    get: (key) => Promise.resolve(secrets.get(key)),
    store: (key, value) => Promise.resolve(void secrets.set(key, value)),
  };
}

/** Resident bytes after a garbage collection: the base above which the memory of a push is measured. */
async function restingRss(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  await sleep(300);
  collect();
  return process.memoryUsage.rss();
}

/** The kernel's own high-water mark (proc(5)): exact, and it costs nothing while the push runs. */
function resetPeakRss(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

function peakRss(): number {
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

async function push({ runner, open, clock, idleRss }: Parts, order: PushOrder): Promise<PushReport> {
  const { images, repositories, tag, compression, strategy } = order;
  const { connection } = open;
  const jobs = images.map((image, at) => {
    const target = { host: connection.host, repository: repositories[at] ?? '', tag };
    return { image, connection, target, compression, strategy };
  });
  // What the extension does after a push while nobody pushes: a person's next push comes later than that.
  await runner.settled();
  const delay = monitorEventLoopDelay({ resolution: delayResolution });
  clock.reset();
  resetPeakRss();
  const cpuBefore = process.cpuUsage();
  delay.enable();
  const startedAt = performance.now();
  const outcomes = await runner.runAll(jobs, { signal: new AbortController().signal });
  const endedAt = performance.now();
  delay.disable();
  const { user, system } = process.cpuUsage(cpuBefore);
  const results = outcomes.map((outcome) => {
    if (outcome.kind === 'failed') throw outcome.error;
    return outcome.result;
  });
  return {
    ms: endedAt - startedAt,
    strategy: results[0]?.strategy ?? 'none',
    uploadedBytes: results.reduce((sum, { uploadedBytes }) => sum + uploadedBytes, 0),
    peakRssMb: Math.max(0, peakRss() - idleRss) / 1e6,
    // A push that is over before the first look has not held the loop up.
    delayP99Ms: delay.count === 0 ? 0 : delay.percentile(99) / 1e6,
    cpuMs: (user + system) / 1000,
    phases: clock.phases(startedAt, endedAt),
  };
}

let parts: Promise<Parts> | undefined;

async function answer(request: ChildRequest): Promise<ChildReply> {
  try {
    if (request.kind === 'open') {
      parts = build(request.open);
      await parts;
      return { kind: 'opened' };
    }
    if (parts === undefined) throw new Error('Nothing was opened.');
    return { kind: 'pushed', output: await push(await parts, request.push) };
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (request: ChildRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});
// Whatever ends the bench ends this process too.
process.on('disconnect', () => {
  void parts?.then(({ runner }) => runner.stop()).finally(() => process.exit(0));
});
