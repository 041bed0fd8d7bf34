import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { findByHost } from '../../../../src/host/connections/findByHost.ts';
import { connectionTo } from '../support/hostFakes.ts';

suite('finding a connection by the registry part of a reference', () => {
  const secure = connectionTo('https://gitea.example.com');
  const plain = connectionTo('http://gitea.example.com');

  test('in any case, with or without the default port of its scheme', () => {
    for (const host of ['gitea.example.com', 'Gitea.Example.COM', 'gitea.example.com:443']) {
      assert.equal(findByHost([secure], host), secure, host);
    }
    assert.equal(findByHost([plain], 'gitea.example.com:80'), plain);
    assert.equal(findByHost([secure], 'gitea.example.com:80'), undefined);
    assert.equal(findByHost([secure], 'gitea.example.com:8443'), undefined);
    assert.equal(findByHost([secure], 'other@gitea.example.com'), undefined);
  });

  test('https is meant where http of the same host is known too, whichever came first', () => {
    assert.equal(findByHost([plain, secure], 'gitea.example.com'), secure);
    assert.equal(findByHost([secure, plain], 'gitea.example.com'), secure);
    assert.equal(findByHost([secure, plain], 'gitea.example.com:80'), plain);
  });
});
