import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkScope } from '../../../../src/core/registry/http/networkScope.ts';

const scopes = {
  loopback: ['127.0.0.1:3000', 'localhost', '[::1]:3000', '127.8.8.8', 'gitea.cnoe.localtest.me:8443', 'git.localhost'],
  private: [
    '10.1.2.3',
    '172.20.0.1:3000',
    '192.168.1.2',
    'gitea',
    'nas.lan:443',
    'git.home.arpa',
    '[fd00::1]',
    '100.99.1.1',
  ],
  public: ['gitea.example.com', '172.32.0.1', '8.8.8.8:443', '[2001:db8::1]', 'localhost.example.com'],
} as const;

for (const [scope, hosts] of Object.entries(scopes)) {
  for (const host of hosts) {
    test(`${host} is ${scope}`, () => {
      assert.equal(networkScope(host), scope);
    });
  }
}
