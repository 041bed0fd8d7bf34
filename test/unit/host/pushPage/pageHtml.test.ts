import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type * as vscode from 'vscode';
import { env, l10n, Uri, useFakeVscode } from '../support/fakeVscode.ts';

useFakeVscode();
const { pageHtml } = await import('../../../../src/host/pushPage/pageHtml.ts');

const webview = { cspSource: 'https://page.example', asWebviewUri: (uri: vscode.Uri) => uri } as vscode.Webview;

function html(language: string, bundle: Readonly<Record<string, string>> | undefined): string {
  const before = { language: env.language, bundle: l10n.bundle };
  Object.assign(env, { language });
  l10n.bundle = bundle;
  try {
    return pageHtml(webview, Uri.file('/extension') as unknown as vscode.Uri);
  } finally {
    Object.assign(env, { language: before.language });
    l10n.bundle = before.bundle;
  }
}

suite('the page before its script has run', () => {
  test('has the language of its texts: VS Code’s, or English where there are no texts in it', () => {
    assert.match(html('de', { Push: 'Push' }), /^<!DOCTYPE html>\n<html lang="de">/);
    assert.match(html('zh-cn', { Push: '推送' }), /<html lang="zh-cn">/);
    assert.match(html('fr', undefined), /<html lang="en">/);
    assert.match(html('en', undefined), /<html lang="en">/);
  });

  test('allows only its own style sheet and script', () => {
    const page = html('de', { Push: '</script><script>' });
    const policy = /content="(default-src[^"]*)"/.exec(page)?.[1] ?? '';
    const nonce = /<script nonce="([^"]+)"/.exec(page)?.[1] ?? '';
    assert.equal(policy, `default-src 'none'; style-src https://page.example; script-src 'nonce-${nonce}'`);
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.match(page, /<body><\/body>/);
  });
});
