import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';
import { setTextLanguage } from '../../core/base/textLanguage.ts';
import { englishTexts } from './englishTexts.ts';

/*
 * Gives the texts of VS Code's language to @vscode/l10n, which the core can import too. extension.ts imports this file
 * before all others: some modules ask for a text as they are loaded. VS Code has read the bundle before it loads the
 * extension; for English, and for a language that we have no texts in, there is none. Numbers and dates are then English, too.
 */
const { bundle } = vscode.l10n;
const contents = bundle ?? englishTexts;
if (contents !== undefined) l10n.config({ contents });
if (bundle !== undefined) setTextLanguage(vscode.env.language);
