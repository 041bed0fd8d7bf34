import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { projectRoot } from '../../tools/projectPaths.ts';

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

/** Properties of VS Code's API that are always shown. */
const shownProperties = new Set(['label', 'title', 'placeHolder', 'prompt', 'description', 'detail', 'tooltip']);

/** The literals of a source file that read like a text for a person and are not in a call of `l10n.t`. */
export function plainTexts(file: string): readonly PlainText[] {
  const source = ts.createSourceFile(file, readFileSync(join(projectRoot, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const found: PlainText[] = [];
  const visit = (node: ts.Node): void => {
    if (isNeverShown(node)) return;
    const text = textOf(node);
    if (text !== undefined && (readsLikeText(text) || isShown(node, text))) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart());
      found.push({ file, line: line + 1, text });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isNeverShown(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (ts.isTaggedTemplateExpression(node)) return node.tag.getText() === 'l10n.t' && isPlain(node.template);
  if (ts.isCallExpression(node)) {
    const called = node.expression.getText();
    if (called === 'l10n.t') return true;
    return notShown.test(called);
  }
  if (ts.isNewExpression(node)) return notShown.test(`new ${node.expression.getText()}`);
  if (ts.isBinaryExpression(node)) return /^[!=]==$/.test(node.operatorToken.getText()) && isLiteralSide(node);
  return false;
}

function isLiteralSide({ left, right }: ts.BinaryExpression): boolean {
  return ts.isStringLiteralLike(left) || ts.isStringLiteralLike(right);
}

/** Nothing that is inserted has a text of its own. */
function isPlain(template: ts.TemplateLiteral): boolean {
  if (ts.isNoSubstitutionTemplateLiteral(template)) return true;
  return template.templateSpans.every(({ expression }) => !hasLiteral(expression));
}

function hasLiteral(node: ts.Node): boolean {
  if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) return true;
  return ts.forEachChild(node, hasLiteral) ?? false;
}

function textOf(node: ts.Node): string | undefined {
  if (!ts.isStringLiteralLike(node) && !ts.isTemplateExpression(node)) return undefined;
  if (ts.isTaggedTemplateExpression(node.parent) && node.parent.tag.getText() === 'l10n.t') return undefined;
  if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return undefined;
  if (ts.isStringLiteralLike(node)) return node.text;
  return node.head.text + node.templateSpans.map(({ literal }) => `{}${literal.text}`).join('');
}

/** Two words in a row. */
function readsLikeText(text: string): boolean {
  return /\p{L}{2,}[,.:]? (?:\p{L}|\{\})|\{\} \p{L}{2,}/u.test(text);
}

function isShown({ parent }: ts.Node, text: string): boolean {
  if (!/\p{L}{2,}/u.test(text)) return false;
  return ts.isPropertyAssignment(parent) && shownProperties.has(parent.name.getText());
}
