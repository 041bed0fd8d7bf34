import { differentTranslations, labelFaults, type Pair } from './labelFaults.ts';
import { readTexts, textSources, type Language, type Texts } from './languages.ts';
import { textFaults } from './textFaults.ts';

/** What is wrong with the translated texts of a language, one line for each. Missing texts are not looked at. */
export function translationFaults(language: Language): readonly string[] {
  const sources = textSources.map((source) => ({
    source,
    pairs: pairsOf(readTexts(source), readTexts(source, language)),
  }));
  const ofTexts = sources.flatMap(({ source, pairs }) =>
    pairs.flatMap(({ key, english, translated }) =>
      textFaults(language, english, translated).map((fault) => `${source}, ${JSON.stringify(key)}: ${fault}`),
    ),
  );
  const inManifest = sources.flatMap(({ source, pairs }) => (source === 'manifest' ? pairs : []));
  return [...ofTexts, ...differentTranslations(inManifest), ...labelFaults(sources.flatMap(({ pairs }) => pairs))];
}

function pairsOf(english: Texts, translated: Texts): readonly Pair[] {
  return Object.entries(english).flatMap(([key, text]) => {
    const translation = translated[key];
    return translation === undefined ? [] : [{ key, english: text, translated: translation }];
  });
}
