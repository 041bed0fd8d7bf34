import type { Language } from './languages.ts';
import { isUnchangedAllowed } from './unchangedTexts.ts';

/** What the code, VS Code or Markdown reads in a text: a translation keeps it as it is. */
const kept: Readonly<Record<string, RegExp>> = {
  placeholders: /\{\w+\}/g,
  icons: /\$\([\w~-]+\)/g,
  'link targets': /\]\([^)\s]+\)/g,
  'code spans': /`[^`]+`/g,
  'names of settings and commands': /\bteaChest\.[\w.]*\w/g,
  'bold marks': /\*\*/g,
  'list items and headings': /^(?:- |#+ )/gm,
};

const cjk = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}';
const hasCjk = new RegExp(`[${cjk}]`, 'u');

/** Words of English sentences that no other of our languages has. */
const englishWords = /\b(?:the|and|of|with|which|cannot|is|are|were|has|its|that|this|from|your|you)\b/i;

/** What is wrong in any text of a language, by a pattern that finds it. */
const typography: Readonly<Record<Language, Readonly<Record<string, RegExp>>>> = {
  de: {
    'German quotes are „ and “': /”|(?:^|[\s(])“/,
    'the person is addressed as Sie': /\b(?:[Dd]u|[Dd]ich|[Dd]ir|[Dd]eine?[rmns]?|[Ee]u(?:ch|re?[rmns]?))\b/,
  },
  ja: {
    'Japanese quotes are 「 and 」': /[“”„]/,
    'a sentence ends with 。 and is divided by 、': new RegExp(`[${cjk}」][,.;!](?!\\w)`, 'u'),
    'letters and digits are not full-width': /[Ａ-Ｚａ-ｚ０-９]/,
    'only words in katakana have a blank between them':
      /[\p{Script=Han}\p{Script=Hiragana}、。] +[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|\p{Script=Katakana} +[\p{Script=Han}\p{Script=Hiragana}]/u,
  },
  'zh-cn': {
    'Chinese quotes are “ and ”': /[「」„]/,
    'Chinese punctuation follows Chinese characters': new RegExp(`[${cjk}”][,.;:!?](?!\\w|//)`, 'u'),
    'letters and digits are not full-width': /[Ａ-Ｚａ-ｚ０-９]/,
    'there is no blank between Chinese characters': new RegExp(`[${cjk}，。] +[${cjk}]`, 'u'),
  },
};

const quotes: Readonly<Record<Language, readonly [open: string, close: string]>> = {
  de: ['„', '“'],
  ja: ['「', '」'],
  'zh-cn': ['“', '”'],
};

/** What is wrong with the translation of a text; empty if nothing is. */
export function textFaults(language: Language, english: string, translated: string): readonly string[] {
  if (translated.trim() === '') return ['it is empty'];
  const prose = withoutKept(translated);
  return [
    ...keptFaults(english, translated),
    ...layoutFaults(language, english, translated),
    ...typographyFaults(language, prose),
    ...languageFaults(language, english, translated),
  ];
}

function keptFaults(english: string, translated: string): readonly string[] {
  return Object.entries(kept).flatMap(([what, pattern]) => {
    const [expected, found] = [english, translated].map((text) => [...text.matchAll(pattern)].map(([one]) => one));
    if (expected?.toSorted().join('\n') === found?.toSorted().join('\n')) return [];
    return [`its ${what} are ${list(found)}, and in English ${list(expected)}`];
  });
}

function list(found: readonly string[] = []): string {
  return found.length === 0 ? 'none' : found.map((one) => one.trim()).join(' ');
}

/** Lines, blanks at the ends, and the end of each line. */
function layoutFaults(language: Language, english: string, translated: string): readonly string[] {
  const [lines, translatedLines] = [english.split('\n'), translated.split('\n')];
  if (lines.length !== translatedLines.length) {
    return [`it has ${translatedLines.length} lines, and English has ${lines.length}`];
  }
  const faults: string[] = [];
  if (english.trimEnd() === english && translated.trimEnd() !== translated) faults.push('it ends with a blank');
  if (english.trimStart() === english && translated.trimStart() !== translated) faults.push('it begins with a blank');
  if (/\S {2,}\S/.test(translated) && !/\S {2,}\S/.test(english)) faults.push('it has two blanks in a row');
  if (translated.includes('...') && !english.includes('...')) faults.push('an ellipsis is …');
  for (const [index, line] of lines.entries()) {
    const [expected, found] = [endOf(line), endOf(translatedLines[index] ?? '')];
    // A question is often a noun in Japanese, as in VS Code: “コンテナーの選択”.
    const isNoun = language === 'ja' && expected === '?' && found === '';
    if (expected !== found && !isNoun) faults.push(`it ends like “${found}”, and English like “${expected}”: ${line}`);
  }
  return faults;
}

/** The mark at the end of a line, in its Latin form; an ellipsis only where it ends a title. */
function endOf(line: string): string {
  const marks: Readonly<Record<string, string>> = { '。': '.', '．': '.', '？': '?', '！': '!', '：': ':' };
  const last = line.trimEnd().at(-1) ?? '';
  const mark = marks[last] ?? last;
  if (/(?:^|[\s/])…$/.test(line) || /[:：] ?…$/.test(line)) return '';
  return /[.?!:…]/.test(mark) ? mark : '';
}

function typographyFaults(language: Language, prose: string): readonly string[] {
  const broken = Object.entries(typography[language]).flatMap(([rule, pattern]) => {
    const found = pattern.exec(prose);
    return found === null ? [] : [`${rule}: …${prose.slice(Math.max(0, found.index - 8), found.index + 8)}…`];
  });
  const [open, close] = quotes[language];
  const isBalanced = prose.split(open).length === prose.split(close).length;
  return isBalanced ? broken : [...broken, `each ${open} has its ${close}`];
}

function languageFaults(language: Language, english: string, translated: string): readonly string[] {
  if (isUnchangedAllowed(language, english)) return [];
  if (translated === english) return ['it is the English text'];
  const faults: string[] = [];
  const word = englishWords.exec(withoutQuoted(withoutKept(translated)))?.[0];
  if (word !== undefined) faults.push(`it has the English word “${word}”`);
  const hasWords = /\p{L}/u.test(translated.replace(/\{\w+\}/g, ''));
  if (language !== 'de' && hasWords && !hasCjk.test(translated)) faults.push('it has no character of the language');
  return faults;
}

function withoutKept(text: string): string {
  return text.replace(/`[^`]+`/g, '`x`').replace(/\]\([^)\s]+\)/g, '](x)');
}

/** Without quoted texts, which may be labels of VS Code or of another program. */
function withoutQuoted(text: string): string {
  return text.replace(/„[^“]*“|「[^」]*」|“[^”]*”/g, '');
}
