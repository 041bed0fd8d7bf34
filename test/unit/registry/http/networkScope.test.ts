import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkScope } from '../../../../src/core/registry/http/networkScope.ts';

const places = {
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

for (const [place, hosts] of Object.entries(places)) {
  for (const host of hosts) {
    test(`${host} is ${place}`, () => {
      assert.equal(networkScope(host), place);
    });
  }
}
