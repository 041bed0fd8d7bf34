/**
 * The grammar of references as docker and the distribution project have it (distribution/reference, regexp.go): what can
 * be written in a command line as one word, whoever gave it.
 */
const host = '(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\\[[0-9A-Fa-f:]+\\])(?::[0-9]{1,5})?';
const segment = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const tag = ':[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';
const digest = '@sha256:[0-9a-f]{64}';
const grammar = new RegExp(`^(?:${host}/)?${segment}(?:/${segment})*(?:${tag})?(?:${digest})?$`);

/** The registry and repository together; longer names can be pushed, but no client takes them (distribution/reference). */
const longestName = 255;

/** True if the text is a reference, or the name of a repository, that every client reads as one. */
export function isReferenceText(text: string): boolean {
  if (!grammar.test(text)) return false;
  return text.replace(new RegExp(`(?:${digest})$`), '').replace(new RegExp(`${tag}$`), '').length <= longestName;
}
