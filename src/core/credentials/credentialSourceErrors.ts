import * as l10n from '@vscode/l10n';
import { TeaChestError } from '../base/errors.ts';
import { helperMessage } from './helperMessage.ts';
import { helperLimitMs } from './helperProcess.ts';

/** A login of this machine cannot be used. There is no `cause`: messages of parsers quote the text, which has secrets. */
export function credentialSourceError(message: string): TeaChestError {
  return new TeaChestError('credentialSourceFailed', message, { stage: 'signIn' });
}

export function tooSlow(command: string, limitMs = helperLimitMs): TeaChestError {
  return credentialSourceError(
    l10n.t`${command} gave no answer within ${limitMs / 1000} seconds and was stopped. It may be waiting for a password or for another machine.`,
  );
}

/** With the program's own error text, as far as it can be shown. */
export function helperFailed(
  command: string,
  output: { readonly stdout: string; readonly stderr: string },
): TeaChestError {
  const said = helperMessage(output);
  return credentialSourceError(
    said === '' ? l10n.t`${command} failed, without a message that can be shown.` : l10n.t`${command} failed: ${said}`,
  );
}

/** Docker keeps it in place of a password, after a login by a browser (docker/cli, native_store.go `tokenUsername`). */
export function identityToken(source: string, server: string): TeaChestError {
  return credentialSourceError(
    l10n.t`${source} has an identity token for ${server}, not a user and a password. Gitea has no such tokens, so it is of no use there.`,
  );
}
