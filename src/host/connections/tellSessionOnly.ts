import { showWarning } from '../display/messages.ts';

/** What a person must know where secrets cannot be kept. */
export function tellSessionOnly(reason: string): void {
  const text = `VS Code cannot keep secrets on this machine (${reason}). You stay signed in until this window closes, and sign in again after that. A keyring such as GNOME Keyring or KWallet helps.`;
  void showWarning(text, []);
}
