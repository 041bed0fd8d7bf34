import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { projectRoot } from '../../tools/projectPaths.ts';
import { hasOnlyNames } from '../../tools/translations/unchangedTexts.ts';

export interface PlainText {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What a template inserts is written as `{}`. */
  readonly text: string;
}

/** Calls whose texts are for the log, for developers, or for comparison. */
const notShown =
  /(?:^|[.#])(?:logger|log|console)\b|^assert|\.(?:includes|startsWith|endsWith|indexOf|split|replace|replaceAll|match|test|executeCommand|registerCommand)$|^new (?:Error|TypeError|RangeError|RegExp|URL|DOMException)$/;

/** Properties of VS Code’s API and of the page’s elements that are always shown. */
const shownProperties = new Set([
  ...['label', 'title', 'placeHolder', 'placeholder', 'prompt', 'description', 'detail', 'tooltip', 'ariaLabel'],
  ...['openLabel', 'saveLabel', 'validationMessage', 'textContent', 'innerText'],
]);

/** Calls that show each text that is given to them. */
const shownCalls =
  /\.(?:show(?:Information|Warning|Error)Message|setStatusBarMessage|appendMarkdown|appendText)$|^new (?:vscode\.)?(?:TreeItem|MarkdownString|TeaChestError)$/;

/** The first argument is a code, an ID or a kind. */
const afterFirst = /^new TeaChestError$/;

/**
 * The literals of a source file that read like a text for a person and are not in a call of `l10n.t`; and the calls of
 * `l10n.t` whose text is computed, which no bundle can have.
 */
export function plainTexts(
  file: string,
  contents = readFileSync(join(projectRoot, file), 'utf8'),
): readonly PlainText[] {
  const source = ts.createSourceFile(file, contents, ts.ScriptTarget.Latest, true);
  const found: PlainText[] = [];
  const add = (node: ts.Node, text: string): void => {
    found.push({ file, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1, text });
  };
  const visit = (node: ts.Node): void => {
    if (isNeverShown(node)) return;
    if (ts.isCallExpression(node) && isLocalized(node.expression)) {
      const [message, ...inserted] = node.arguments;
      if (message === undefined || !isMessage(message)) add(node, node.getText());
      for (const argument of [...inserted, ...argumentsOf(message)]) visit(argument);
      return;
    }
    const text = textOf(node);
    if (text !== undefined && !hasOnlyNames(text) && (readsLikeText(text) || isShown(node))) add(node, text);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return found;
}

function isLocalized(called: ts.Node): boolean {
  return called.getText() === 'l10n.t';
}

/** `'text'`, or `{ message: 'text', args, comment }`. */
function isMessage(node: ts.Expression): boolean {
  if (ts.isStringLiteralLike(node)) return true;
  const message = propertyOf(node, 'message');
  return message !== undefined && ts.isStringLiteralLike(message);
}

/** What `{ message, args }` inserts. */
function argumentsOf(node: ts.Expression | undefined): readonly ts.Expression[] {
  const inserted = node === undefined ? undefined : propertyOf(node, 'args');
  return inserted === undefined ? [] : [inserted];
}

function propertyOf(node: ts.Expression, name: string): ts.Expression | undefined {
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const property = node.properties.find((one) => one.name?.getText() === name);
  return property !== undefined && ts.isPropertyAssignment(property) ? property.initializer : undefined;
}

function isNeverShown(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (isCase(node)) return true;
  if (ts.isCallExpression(node)) return notShown.test(node.expression.getText());
  if (ts.isNewExpression(node)) return notShown.test(`new ${node.expression.getText()}`);
  if (ts.isBinaryExpression(node)) return /^[!=]==$/.test(node.operatorToken.getText()) && isLiteralSide(node);
  return false;
}

function isCase({ parent, pos }: ts.Node): boolean {
  return !ts.isSourceFile(parent) && ts.isCaseClause(parent) && parent.expression.pos === pos;
}

function isLiteralSide({ left, right }: ts.BinaryExpression): boolean {
  return ts.isStringLiteralLike(left) || ts.isStringLiteralLike(right);
}

function textOf(node: ts.Node): string | undefined {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return undefined;
  if (ts.isTaggedTemplateExpression(node.parent) && isLocalized(node.parent.tag)) return undefined;
  if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  return node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('');
}

/** Two words in a row, or one as the label of a button. */
function readsLikeText(text: string): boolean {
  return /^\p{Lu}\p{Ll}+…?$|\p{L}{2,}[,.:]? (?:\p{L}|\{\})|\{\} \p{L}{2,}/u.test(text);
}

/** Given to what shows it, directly or as one of the values of an expression. */
function isShown(node: ts.Node): boolean {
  const { parent } = node;
  if (ts.isConditionalExpression(parent)) return parent.condition !== node && isShown(parent);
  if (ts.isParenthesizedExpression(parent)) return isShown(parent);
  if (ts.isTemplateSpan(parent)) return isInserted(parent);
  if (ts.isPropertyAssignment(parent)) return shownProperties.has(parent.name.getText());
  if (ts.isBinaryExpression(parent)) return isShownBinary(parent, node);
  if (ts.isCallExpression(parent)) return shownCalls.test(parent.expression.getText());
  if (!ts.isNewExpression(parent)) return false;
  const created = `new ${parent.expression.getText()}`;
  return shownCalls.test(created) && !(afterFirst.test(created) && parent.arguments?.[0] === node);
}

/** A word that the code chooses inside a text, which a translation cannot order or inflect. */
function isInserted({ parent }: ts.TemplateSpan): boolean {
  return ts.isTaggedTemplateExpression(parent.parent) && isLocalized(parent.parent.tag);
}

function isShownBinary(parent: ts.BinaryExpression, node: ts.Node): boolean {
  const operator = parent.operatorToken.kind;
  if (operator === ts.SyntaxKind.EqualsToken) {
    return (
      parent.right === node && ts.isPropertyAccessExpression(parent.left) && shownProperties.has(parent.left.name.text)
    );
  }
  const passesOn = [ts.SyntaxKind.QuestionQuestionToken, ts.SyntaxKind.BarBarToken, ts.SyntaxKind.PlusToken];
  return passesOn.includes(operator) && isShown(parent);
}
