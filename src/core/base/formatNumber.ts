import { textLanguage } from './textLanguage.ts';

const formats = new Map<string, Intl.NumberFormat>();

/** `1.8`, in German `1,8`. For a person only, which includes the documents that compare images: logs and JSON have a point. */
export function formatNumber(value: number, fractionDigits: number): string {
  return format(
    { minimumFractionDigits: fractionDigits, maximumFractionDigits: fractionDigits, useGrouping: false },
    value,
  );
}

/** `1,790,000,000`, in German `1.790.000.000`. */
export function formatCount(value: number): string {
  return format({ maximumFractionDigits: 0 }, value);
}

/** A format takes longer to make than to use, and a view has thousands of numbers. */
function format(options: Intl.NumberFormatOptions, value: number): string {
  const language = textLanguage();
  const key = JSON.stringify([language, options]);
  const known = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, known);
  return known.format(value);
}
