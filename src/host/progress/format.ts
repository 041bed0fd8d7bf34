import * as l10n from '@vscode/l10n';
import { formatNumber } from '../../core/base/formatNumber.ts';
import { textLanguage } from '../../core/base/textLanguage.ts';
import { isBuildDate } from '../../core/oci/buildDate.ts';

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `184 MB`, `1.8 GB`: decimal units, as engines print them; three digits at most. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${formatNumber(value, digits)} ${units[unit] ?? 'TB'}`;
}

/** `184 MB of 420 MB` */
export function formatBytesOf(bytes: number, total: number): string {
  return l10n.t({
    message: '{0} of {1}',
    args: [formatBytes(bytes), formatBytes(total)],
    comment: 'Sizes: “184 MB of 420 MB”',
  });
}

/** `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return l10n.t`${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? l10n.t`${minutes} min` : l10n.t`${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? l10n.t`${hours} h` : l10n.t`${hours} h ${minutes % 60} min`;
}

/** `just now`, `5 min ago`, `3 weeks ago`; empty where the date says nothing. Times in milliseconds since the epoch. */
export function formatAge(createdAt: string | undefined, now: number): string {
  const then = createdAt === undefined ? Number.NaN : Date.parse(createdAt);
  if (Number.isNaN(then) || createdAt === undefined || !isBuildDate(createdAt)) return '';
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 60) return l10n.t('just now');
  const day = 86_400;
  if (seconds < 3600) return l10n.t`${Math.floor(seconds / 60)} min ago`;
  if (seconds < day) return l10n.t`${Math.floor(seconds / 3600)} h ago`;
  if (seconds < 14 * day) return daysAgo(Math.floor(seconds / day));
  // So there are two of each at least, and plurals alone.
  if (seconds < 61 * day) return l10n.t`${Math.floor(seconds / (7 * day))} weeks ago`;
  if (seconds < 2 * 365 * day) return l10n.t`${Math.floor(seconds / (30.44 * day))} months ago`;
  return yearsAgo(Math.floor(seconds / (365.25 * day)));
}

function daysAgo(count: number): string {
  return count === 1 ? l10n.t('1 day ago') : l10n.t`${count} days ago`;
}

/** A year has 365.25 days here: two years of 365 days are one. */
function yearsAgo(count: number): string {
  return count === 1 ? l10n.t('1 year ago') : l10n.t`${count} years ago`;
}

/** `Nov 26, 2026, 8:52:20 AM GMT+1`, in German `26.11.2026, 08:52:20 MEZ`: this machine’s time. `at` as `Date` takes it. */
export function formatDate(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return String(at);
  return new Intl.DateTimeFormat(textLanguage(), { dateStyle: 'medium', timeStyle: 'long' }).format(date);
}
