import * as l10n from '@vscode/l10n';
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
  return `${value.toFixed(digits)} ${units[unit] ?? 'TB'}`;
}

/** `12 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 === 0 ? l10n.t`${minutes} min` : l10n.t`${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : l10n.t`${hours} h ${minutes % 60} min`;
}

/** `just now`, `5 min ago`, `3 weeks ago`; empty where the date says nothing. Times in milliseconds since the epoch. */
export function formatAge(createdAt: string | undefined, now: number): string {
  const then = createdAt === undefined ? Number.NaN : Date.parse(createdAt);
  if (Number.isNaN(then) || createdAt === undefined || !isBuildDate(createdAt)) return '';
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds < 60) return l10n.t('just now');
  const steps: readonly (readonly [string, number, number])[] = [
    ['min', 60, 3600],
    ['h', 3600, 86_400],
    ['day', 86_400, 14 * 86_400],
    ['week', 7 * 86_400, 61 * 86_400],
    ['month', 30.44 * 86_400, 2 * 365 * 86_400],
    ['year', 365.25 * 86_400, Number.POSITIVE_INFINITY],
  ];
  const [name, size] = steps.find(([, , end]) => seconds < end) ?? ['year', 365.25 * 86_400];
  const count = Math.floor(seconds / size);
  const plural = count === 1 || name === 'min' || name === 'h' ? '' : 's';
  return l10n.t`${count} ${name}${plural} ago`;
}
