// Runs inside the extension host. It fetches tasks from a test by a loopback connection, runs them, and reports the results.
// So tests are plain node:test files, whether the extension host belongs to a desktop VS Code or to a server with a browser.
// VS Code loads it by its test interface (`run`), or as a second extension (`activate`) if the window must behave as usual.
import { request } from 'node:http';

import * as vscode from 'vscode';

import { agentVariable } from './agentProtocol.ts';
import type { AgentError, AgentReply, AgentRequest, AgentTask, HostDescription } from './agentProtocol.ts';

export function activate(): void {
  run().catch((error: unknown) => {
    void vscode.window.showErrorMessage(`The test's agent ended: ${String(error)}`);
  });
}

export async function run(): Promise<void> {
  const address = process.env[agentVariable];
  if (address === undefined) throw new Error(`${agentVariable} is not set: nobody to work for.`);
  const running = new Set<Promise<void>>();
  for (;;) {
    const task = JSON.parse(await exchange(address, 'GET')) as AgentTask;
    if (task.request.kind === 'end') break;
    const work = perform(task).then(async (reply) => {
      await exchange(address, 'POST', JSON.stringify(reply));
    });
    running.add(work);
    void work.finally(() => running.delete(work));
  }
  await Promise.allSettled(running);
}

async function perform({ id, request: asked }: AgentTask): Promise<AgentReply> {
  try {
    return { id, ok: true, value: await answer(asked) };
  } catch (error) {
    return { id, ok: false, error: describeError(error) };
  }
}

async function answer(asked: AgentRequest): Promise<unknown> {
  switch (asked.kind) {
    case 'executeCommand':
      return vscode.commands.executeCommand(asked.command, ...asked.args);
    case 'callApi': {
      const api = (await extensionOf(asked.extension).activate()) as Record<string, (...args: unknown[]) => unknown>;
      const called = api[asked.name];
      if (called === undefined) throw new Error(`The extension exports no ${asked.name}.`);
      return await called(...asked.args);
    }
    case 'describe':
      return {
        vscode: vscode.version,
        node: process.version,
        remote: vscode.env.remoteName !== undefined,
        isActive: vscode.extensions.getExtension(asked.extension)?.isActive,
      } satisfies HostDescription;
    case 'configure':
      return vscode.workspace.getConfiguration().update(asked.setting, asked.value, vscode.ConfigurationTarget.Global);
    case 'end':
      return undefined;
  }
}

function extensionOf(id: string): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension(id);
  if (extension === undefined) throw new Error(`VS Code knows no extension ${id}.`);
  return extension;
}

function describeError(error: unknown): AgentError {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error), stack: undefined, facts: {} };
  const facts = JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(error)))) as Record<string, unknown>;
  return { name: error.name, message: error.message, stack: error.stack, facts };
}

/** node:http, not fetch: a long poll may wait for minutes, and VS Code puts its own proxy logic into fetch. */
function exchange(address: string, method: 'GET' | 'POST', body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request(address, { method, agent: false }, (answered) => {
      const chunks: Buffer[] = [];
      answered.on('data', (chunk: Buffer) => chunks.push(chunk));
      answered.on('error', reject);
      answered.on('end', () => {
        resolve(Buffer.concat(chunks).toString('utf8'));
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
