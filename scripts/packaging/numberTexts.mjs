import ts from 'typescript';

/**
 * Replaces the English texts of a source file by their numbers, so that no file has them but the lists of texts: the call
 * `` l10n.t`The registry has no ${reference}.` `` becomes `l10n.t("12", reference)`. A text without a number stays as it is
 * and is shown in English. Lines keep their numbers.
 * @param {string} source
 * @param {ReadonlyMap<string, number>} numbers by the key of l10n/bundle.l10n.json
 * @returns {string}
 */
export function numberTexts(source, numbers) {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest);
  /** @type {{ start: number, end: number, text: string }[]} */
  const edits = [];
  const replace = (start, end, text) => edits.push({ start, end, text });
  const visit = (node) => {
    if (ts.isTaggedTemplateExpression(node) && isText(node.tag)) numberTemplate(node, numbers, file, replace);
    else if (ts.isCallExpression(node) && isText(node.expression)) numberCall(node, numbers, file, replace);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return apply(source, edits);
}

/** `l10n.t` */
function isText(node) {
  return ts.isPropertyAccessExpression(node) && node.name.text === 't' && node.expression.text === 'l10n';
}

function numberTemplate({ tag, template }, numbers, file, replace) {
  const spans = template.templateSpans ?? [];
  const [head, ...rest] = [template.head ?? template, ...spans.map(({ literal }) => literal)].map(({ text }) => text);
  const number = numbers.get(head + rest.map((text, index) => `{${index}}${text}`).join(''));
  if (number === undefined) return;
  const first = `("${number}"`;
  if (spans.length === 0) {
    replace(tag.end, template.end, `${first})`);
    return;
  }
  replace(tag.end, template.head.end, `${first}, `);
  for (const [index, { literal }] of spans.entries()) {
    replace(literal.getStart(file), literal.end, index === spans.length - 1 ? ')' : ', ');
  }
}

function numberCall({ arguments: [first] }, numbers, file, replace) {
  if (ts.isStringLiteralLike(first)) {
    const number = numbers.get(first.text);
    if (number !== undefined) replace(first.getStart(file), first.end, `"${number}"`);
    return;
  }
  if (!ts.isObjectLiteralExpression(first)) return;
  const property = (name) => first.properties.find((one) => one.name?.text === name);
  const [message, comment] = [property('message'), property('comment')];
  const key = [message, comment].flatMap((one) => (one === undefined ? [] : plainText(one.initializer))).join('/');
  const number = numbers.get(key);
  if (number === undefined) return;
  replace(message.initializer.getStart(file), message.initializer.end, `"${number}"`);
  if (comment !== undefined) replace(comment.initializer.getStart(file), comment.initializer.end, 'undefined');
}

/** A comment is a string, or several that @vscode/l10n joins. */
function plainText(node) {
  return ts.isArrayLiteralExpression(node) ? node.elements.map(({ text }) => text).join('') : node.text;
}

function apply(source, edits) {
  let [result, at] = ['', 0];
  for (const { start, end, text } of edits.toSorted((one, other) => one.start - other.start)) {
    const lines = source.slice(start, end).split('\n').length - 1;
    result += source.slice(at, start) + text + '\n'.repeat(lines);
    at = end;
  }
  return result + source.slice(at);
}
