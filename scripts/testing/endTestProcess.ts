// Imported into each process of node's test runner, which waits for ever for a process that does not end:
// - Node 24.21 may spin in its own cleanup at the end of a process, after all JavaScript (Environment::CleanupHandles counts
//   a request of a destroyed socket that never ends). It was seen after the hundreds of broken connections of test/faults.
//   process.exit ends the process without that cleanup.
// - A timer or socket that a test left open keeps its process alive. --test-force-exit is no help: it ends a process before
//   all of its tests have run (Node 24.21, tests at the top level of a file).
/** Milliseconds for one test or hook (--test-timeout); none takes that long, on no machine. */
export const longestTestMs = 15 * 60_000;

/** A process that has reported no test for longer than that runs none any more. */
const idleMs = longestTestMs + 60_000;

if (process.env['NODE_TEST_CONTEXT'] === 'child-v8') {
  // The last of the listeners: those of the test runner report the failures.
  process.on('beforeExit', () => {
    process.off('exit', exitNow).on('exit', exitNow);
  });
  let lastReport = performance.now();
  const write = process.stdout.write.bind(process.stdout) as (...args: unknown[]) => boolean;
  process.stdout.write = (...args: unknown[]): boolean => {
    lastReport = performance.now();
    return write(...args);
  };
  setInterval(() => {
    if (performance.now() - lastReport < idleMs) return;
    console.error(`${process.argv[1] ?? ''} did not end by itself. Open: ${openHandles().join('; ')}`);
    process.exit();
  }, 10_000).unref();
}

function exitNow(): void {
  process.exit();
}

/** What of libuv keeps the process alive (Node's diagnostic report, §libuv). */
interface OpenHandle {
  readonly type: string;
  readonly is_active: boolean;
  readonly is_referenced?: boolean;
  readonly pid?: number;
  readonly localEndpoint?: { readonly port: number } | null;
  readonly remoteEndpoint?: { readonly port: number } | null;
}

/** For the person who looks for the cause: `tcp 49228→39251`, `process 8010`. */
function openHandles(): readonly string[] {
  const { libuv } = process.report.getReport() as { readonly libuv: readonly OpenHandle[] };
  return libuv
    .filter((handle) => handle.is_active && handle.is_referenced === true)
    .map(({ type, pid, localEndpoint, remoteEndpoint }) => {
      const ports = localEndpoint ? ` ${localEndpoint.port}→${remoteEndpoint?.port ?? ''}` : '';
      return `${type}${pid === undefined ? '' : ` ${pid}`}${ports}`;
    });
}
