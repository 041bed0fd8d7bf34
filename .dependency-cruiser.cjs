/** The arrows of docs/architecture.md, as rules. @type {import('dependency-cruiser').IConfiguration} */
const only = (from, allowed) => ({
  name: `${from}-imports-only-what-is-below-it`,
  severity: 'error',
  from: { path: `^src/core/${from}/` },
  to: { path: '^src/', pathNot: `^src/core/(${[from, ...allowed].join('|')})/` },
});

/** The folders of the host, lowest first: a folder imports itself and those before it. */
const hostFolders = [
  'state',
  'display',
  'progress',
  'errors',
  'input',
  'connections',
  'engine',
  'targets',
  'registry',
  'sync',
  'compare',
  'history',
  'views',
  'push',
  'pushPage',
  'containerTools',
  'pull',
  'commands',
  'automation',
];

const hostRules = hostFolders.map((folder, at) => ({
  name: `host-${folder}-imports-only-what-is-below-it`,
  severity: 'error',
  from: { path: `^src/host/${folder}/` },
  to: { path: `^src/host/(${hostFolders.slice(at + 1).join('|') || 'none'})/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    only('base', []),
    only('oci', ['base']),
    only('ports', ['oci', 'base']),
    only('docker', ['ports', 'oci', 'base']),
    only('registry', ['ports', 'oci', 'base']),
    only('gitea', ['registry', 'ports', 'oci', 'base']),
    only('credentials', ['docker/endpoint', 'oci', 'base']),
    only('idpbuilder', ['credentials', 'docker/endpoint', 'registry/http/tls', 'base']),
    only('compose', ['oci', 'base']),
    only('compress', ['ports', 'oci', 'base']),
    only('compress/encoder', ['base']),
    only('spool', ['ports', 'oci', 'base']),
    only('digestCache', ['oci', 'base']),
    only('relay', ['digestCache', 'ports', 'oci', 'base']),
    only('compare', ['ports', 'oci', 'base']),
    only('sync', ['push', 'digestCache', 'ports', 'oci', 'base']),
    only('pull', ['relay', 'ports', 'oci', 'base']),
    only('push', ['relay', 'compress', 'spool', 'digestCache', 'ports', 'oci', 'base']),
    {
      name: 'the-core-knows-no-vscode',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { path: '(^vscode$|^src/host/|^src/extension)' },
    },
    {
      name: 'what-ships-knows-no-test',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench)/' },
    },
    {
      name: 'the-webview-imports-only-itself',
      severity: 'error',
      from: { path: '^src/webview/' },
      to: { path: '^src/', pathNot: '^src/webview/' },
    },
    {
      name: 'only-the-protocol-is-shared-with-the-webview',
      severity: 'error',
      from: { path: '^src/(?!webview/)' },
      to: { path: '^src/webview/', pathNot: '/protocol\\.ts$' },
    },
    ...hostRules,
    {
      name: 'only-the-root-builds',
      severity: 'error',
      from: { path: '^src/(host|core)/' },
      to: { path: '^src/(extension|composition/)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
};
