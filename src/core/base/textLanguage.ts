let language = 'en';

/** Called once, before a number or a date is shown. `of`: the language of the texts, so that a German one has German numbers. */
export function setTextLanguage(of: string): void {
  language = of;
}

export function textLanguage(): string {
  return language;
}
