import * as l10n from '@vscode/l10n';
import { showWarning } from '../display/messages.ts';

/** For a machine without a keyring. `reason`: VS Code's own message. */
export function warnSecretsNotKept(reason: string): void {
  const text = l10n.t`VS Code cannot keep secrets on this machine (${reason}). You stay signed in until this window closes, and sign in again after that. A keyring such as GNOME Keyring or KWallet helps.`;
  void showWarning(text, []);
}
