let language = 'en';
const formats = new Map<string, Intl.NumberFormat>();

/** Called once, before a number is shown. `of`: the language of the texts, so that a German one has a German number in it. */
export function setNumberLanguage(of: string): void {
  language = of;
  formats.clear();
}

/** `1.8`, in German `1,8`. For a person only: logs, JSON and documents have a point. */
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
  const key = JSON.stringify(options);
  const known = formats.get(key) ?? new Intl.NumberFormat(language, options);
  formats.set(key, known);
  return known.format(value);
}
