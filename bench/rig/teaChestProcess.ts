import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { buildTeaChest } from './buildTeaChest.ts';
import type { ChildReply, ChildRequest, OpenRequest, PushOrder, PushReport } from './teaChestProtocol.ts';

/** Tea Chest in a process of its own (bench/teaChest.ts). */
export interface TeaChestProcess {
  push(order: PushOrder, options: { readonly signal: AbortSignal }): Promise<PushReport>;
  close(): Promise<void>;
}

/** `profileFolder`: where V8 is to leave a CPU profile of the process. */
export async function startTeaChest(open: Omit<OpenRequest, 'dist'>, profileFolder?: string): Promise<TeaChestProcess> {
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const dist = await buildTeaChest();
  const child = fork(join(dist, 'teaChest.cjs'), [], {
    execArgv: profiling,
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const ask = async (request: ChildRequest, signal?: AbortSignal): Promise<ChildReply> => {
    const reply = new Promise<ChildReply>((resolve, reject) => {
      child.once('message', (message) => {
        resolve(message as ChildReply);
      });
      void exited.then(([code]) => {
        reject(new Error(`Tea Chest’s process ended with code ${String(code)}.`));
      });
      signal?.addEventListener('abort', () => {
        reject(signal.reason instanceof Error ? signal.reason : new Error('stopped'));
        child.kill('SIGKILL');
      });
    });
    child.send(request);
    const answer = await reply;
    if (answer.kind === 'failed') throw new Error(answer.message);
    return answer;
  };
  const close = async (): Promise<void> => {
    if (child.connected) child.disconnect();
    await exited;
  };
  try {
    await ask({ kind: 'open', open: { ...open, dist } });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    push: async (order, { signal }) => {
      const reply = await ask({ kind: 'push', push: order }, signal);
      if (reply.kind !== 'pushed') throw new Error(`Tea Chest’s process answered “${reply.kind}” to a push.`);
      return reply.output;
    },
    close,
  };
}
