import { projectRoot } from '../../tools/projectPaths.ts';
import { makeScratch } from '../../tools/scratch.ts';
import { openAgentServer } from './agentServer.ts';
import type { AgentServer } from './agentServer.ts';
import { agentVariable } from './agentProtocol.ts';
import type { HostDescription } from './agentProtocol.ts';
import { bundleAgent } from './bundle.ts';
import { runInVscode } from './runInVscode.ts';
import type { RunInVscodeResult } from './runInVscode.ts';

export const extensionId = 'tea-chest.tea-chest';

/** Calls commands and the API in a real extension host from a test. */
export interface ExtensionHost {
  /** As `vscode.commands.executeCommand`; rejects with a RemoteError. */
  executeCommand<T>(command: string, ...args: readonly unknown[]): Promise<T>;
  /** Calls what the extension exports, activating it first. */
  callApi<T>(name: string, ...args: readonly unknown[]): Promise<T>;
  describe(): Promise<HostDescription>;
  /** Changes a setting in the running window; `undefined` resets it. */
  configure(setting: string, value: unknown): Promise<void>;
}

export interface RunningExtensionHost extends ExtensionHost {
  /** Ends VS Code; resolves with how it ended. */
  stop(): Promise<RunInVscodeResult>;
}

export interface ExtensionHostOptions {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The extension under development; this checkout by default. */
  readonly extension?: string;
  /** Ends VS Code, also while it opens. */
  readonly signal?: AbortSignal;
}

export function hostBehind(desk: AgentServer): ExtensionHost {
  return {
    executeCommand: async <T>(command: string, ...args: readonly unknown[]) =>
      (await desk.ask({ kind: 'executeCommand', command, args })) as T,
    callApi: async <T>(name: string, ...args: readonly unknown[]) =>
      (await desk.ask({ kind: 'callApi', extension: extensionId, name, args })) as T,
    describe: async () => (await desk.ask({ kind: 'describe', extension: extensionId })) as HostDescription,
    configure: async (setting, value) => {
      await desk.ask({ kind: 'configure', setting, value });
    },
  };
}

/** Opens VS Code with the extension and an empty folder, and returns once its extension host answers. */
export async function startExtensionHost(options: ExtensionHostOptions = {}): Promise<RunningExtensionHost> {
  const [testsPath, desk, folder] = await Promise.all([bundleAgent(), openAgentServer(), makeScratch('folder')]);
  const given = new AbortController();
  const running = runInVscode({
    testsPath,
    folder: folder.path,
    extension: options.extension ?? projectRoot,
    settings: options.settings ?? {},
    env: { ...options.env, [agentVariable]: desk.address },
    signal: AbortSignal.any([given.signal, ...(options.signal === undefined ? [] : [options.signal])]),
  });
  // If VS Code ends, no task waits for a result.
  running.then(
    (result) => {
      desk.abandon(`VS Code ended with code ${result.exitCode}. The extension host said:\n${result.output}`);
    },
    (error: unknown) => {
      desk.abandon(`VS Code could not be run: ${String(error)}`);
    },
  );
  const close = async (): Promise<void> => {
    await desk.close();
    await folder.remove();
  };
  const host = hostBehind(desk);
  const slow = setTimeout(() => {
    given.abort(new Error('The extension host did not answer within two minutes.'));
  }, 120_000);
  try {
    await host.describe();
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(slow);
  }
  let stopping: Promise<RunInVscodeResult> | undefined;
  return {
    ...host,
    stop() {
      stopping ??= close().then(() => running);
      return stopping;
    },
  };
}
