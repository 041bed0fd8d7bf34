import * as l10n from '@vscode/l10n';
import { header, type RegistryResponse } from './httpTypes.ts';

/** More digits make no sensible wait. */
const seconds = /^\d{1,9}$/;

/**
 * Milliseconds that a server asks to wait (RFC 9110 §10.2.3: seconds or a date); undefined if it does not, or not in a
 * way that can be read. A date is compared with the answer's Date if it has one: this machine's clock may be wrong.
 */
export function retryAfter(response: Pick<RegistryResponse, 'headers'>, now: number): number | undefined {
  const value = header(response, 'retry-after')?.trim() ?? '';
  if (value === '') return undefined;
  if (seconds.test(value)) return Number(value) * 1000;
  if (/^\d+$/.test(value)) return undefined;
  const date = Date.parse(value);
  if (Number.isNaN(date)) return undefined;
  const serverNow = Date.parse(header(response, 'date') ?? '');
  return Math.max(0, date - (Number.isNaN(serverNow) ? now : serverNow));
}

/** `90 seconds`, `5 minutes`, `3 hours`: rounded up. */
export function describeDuration(ms: number): string {
  const inSeconds = Math.max(1, Math.ceil(ms / 1000));
  if (inSeconds < 120) {
    return inSeconds === 1
      ? l10n.t({ message: '1 second', comment: 'In “It asks to wait 1 second.”' })
      : l10n.t({ message: '{0} seconds', args: [inSeconds], comment: 'In “It asks to wait 30 seconds.”' });
  }
  const minutes = Math.ceil(inSeconds / 60);
  if (minutes < 120) {
    return l10n.t({ message: '{0} minutes', args: [minutes], comment: 'In “It asks to wait 5 minutes.”' });
  }
  const hours = Math.ceil(minutes / 60);
  return hours < 48
    ? l10n.t({ message: '{0} hours', args: [hours], comment: 'In “It asks to wait 3 hours.”' })
    : l10n.t({ message: '{0} days', args: [Math.ceil(hours / 24)], comment: 'In “It asks to wait 3 days.”' });
}
