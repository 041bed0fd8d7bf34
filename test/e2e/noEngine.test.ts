import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { makeScratch } from '../tools/scratch.ts';
import { openVscode } from './harness/openVscode.ts';

suite('without an engine', { timeout: 300_000 }, () => {
  test('the Images view says so, and what to do', async () => {
    const nowhere = await makeScratch('nowhere');
    const vscode = await openVscode({ env: { DOCKER_HOST: `unix://${nowhere.path}/docker.sock` }, theme: 'light' });
    try {
      await vscode.sideBar.open('Tea Chest');
      const text = await vscode.sideBar.view('Images').welcome();
      assert.match(text, /container engine/);
      assert.match(text, /Try Again/);
      await vscode.screenshot('no-engine');
    } finally {
      await vscode.close();
      await nowhere.remove();
    }
  });
});
