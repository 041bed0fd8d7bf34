import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getL10nJson } from '@vscode/l10n-dev';
import ts from 'typescript';
import { projectRoot } from './projectPaths.ts';

/** Source files that may have texts for a person. */
export function sourceFiles(): readonly string[] {
  return globSync('src/**/*.ts', { cwd: projectRoot }).sort();
}

const importLine = "import * as l10n from '@vscode/l10n';";

/** The texts that our code asks of the bundle, as `l10n/bundle.l10n.json` has them; sorted. */
export async function messagesOfSource(): Promise<Readonly<Record<string, unknown>>> {
  const calls = sourceFiles().flatMap((file) => localizedCalls(file, readFileSync(join(projectRoot, file), 'utf8')));
  // l10n-dev compiles its queries for each file and each import, and takes long for much code, so it gets one file with
  // nothing else in it.
  const contents = [importLine, ...calls.map((call) => `${call};`)].join('\n');
  const messages = await getL10nJson([{ extension: '.ts', contents }]);
  return Object.fromEntries(Object.entries(messages).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The calls of `l10n.t`, as they are written; one that is inside another is a part of it. */
function localizedCalls(file: string, contents: string): readonly string[] {
  if (contents.replace(importLine, '').includes("from '@vscode/l10n'"))
    throw new Error(`${file} imports @vscode/l10n otherwise than: ${importLine}`);
  if (!contents.includes('l10n.t')) return [];
  const source = ts.createSourceFile(file, contents, ts.ScriptTarget.Latest, true);
  const calls: string[] = [];
  const visit = (node: ts.Node): void => {
    if (calledBy(node)?.getText() === 'l10n.t') calls.push(node.getText());
    else ts.forEachChild(node, visit);
  };
  visit(source);
  return calls;
}

function calledBy(node: ts.Node): ts.Expression | undefined {
  if (ts.isCallExpression(node)) return node.expression;
  return ts.isTaggedTemplateExpression(node) ? node.tag : undefined;
}
