import assert from 'node:assert/strict';
import type { Logger } from '../../../../src/core/base/logger.ts';
import type { AskSignInDependencies, SignInStart } from '../../../../src/host/connections/signInState.ts';
import { startFakeGitea, type FakeGitea } from '../../../fakeGitea/fakeGitea.ts';
import type { FakeGiteaOptions } from '../../../fakeGitea/options.ts';
import { home } from '../../credentials/fakeMachine.ts';
import { inputAsking, useFakeVscode, type QuickInput } from './fakeVscode.ts';
import { buildHost, type Host } from './hostFakes.ts';
import { loginsOn } from './loginsOn.ts';

useFakeVscode();
const { askSignIn } = await import('../../../../src/host/connections/askSignIn.ts');

type Machine = Parameters<typeof loginsOn>[0];

interface Rig extends Host {
  readonly gitea: FakeGitea;
  readonly log: readonly string[];
  readonly dependencies: AskSignInDependencies;
  /** Opens the dialog with the registry's address filled in. */
  readonly open: (start?: SignInStart) => ReturnType<typeof askSignIn>;
}

export async function rig(
  t: { after(work: () => unknown): void },
  describe: (gitea: FakeGitea) => Machine,
  options: FakeGiteaOptions = {},
): Promise<Rig> {
  const gitea = await startFakeGitea(options);
  t.after(() => gitea.close());
  const host = buildHost(t);
  const log: string[] = [];
  const keep = (line: string): void => void log.push(line);
  const logger: Logger = { trace: keep, debug: keep, info: keep, warn: keep, error: keep };
  const dependencies = { ...host.signingIn, logger, logins: loginsOn(describe(gitea)) };
  const open = (start: SignInStart = {}): ReturnType<typeof askSignIn> =>
    askSignIn(dependencies, { url: gitea.url, trust: { allowHttp: true }, ...start });
  return { ...host, gitea, log, dependencies, open };
}

export function dockerFile(entries: Readonly<Record<string, unknown>>): Record<string, string> {
  return { [`${home}/.docker/config.json`]: JSON.stringify({ auths: entries }) };
}

export function teaFile(url: string, token: string, user = 'dev'): Record<string, string> {
  return { [`${home}/.config/tea/config.yml`]: JSON.stringify({ logins: [{ name: 'mine', url, token, user }] }) };
}

export const labels = (list: QuickInput): readonly string[] =>
  list.items.map(({ label, description = '', detail = '' }) =>
    [label, description, detail].filter((part) => part !== '').join(' — '),
  );

interface RowButton {
  readonly iconPath: { readonly id: string };
  readonly tooltip: string;
}

/** The buttons of the first row. */
export function rowButtons(list: QuickInput): readonly RowButton[] {
  const [row] = list.items as readonly { readonly buttons?: readonly RowButton[] }[];
  return (row?.buttons ?? []).map(({ iconPath, tooltip }) => ({ iconPath: { id: iconPath.id }, tooltip }));
}

/** Clicks a button of the first row. */
export function pressInRow(list: QuickInput, tooltip: string): void {
  const [item] = list.items as readonly { readonly buttons?: readonly RowButton[] }[];
  const button = item?.buttons?.find((one) => one.tooltip === tooltip) ?? assert.fail(`no button ${tooltip}`);
  list.handlers.get('onDidTriggerItemButton')?.({ item, button });
}

export async function choose(pattern: RegExp, row: RegExp): Promise<void> {
  const list = await inputAsking(pattern);
  list.take(list.items.find(({ label }) => row.test(label)) ?? assert.fail(labels(list).join('\n')));
}
