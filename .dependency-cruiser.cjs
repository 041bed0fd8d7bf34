/** The arrows of docs/architecture.md, as rules. @type {import('dependency-cruiser').IConfiguration} */
const only = (from, allowed) => ({
  name: `${from}-imports-only-what-is-below-it`,
  severity: 'error',
  from: { path: `^src/core/${from}/` },
  to: { path: '^src/', pathNot: `^src/core/(${[from, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    only('base', []),
    only('oci', ['base']),
    only('docker', ['oci', 'base']),
    only('registry', ['oci', 'base']),
    only('gitea', ['registry', 'oci', 'base']),
    only('push', ['oci', 'base']),
    only('credentials', ['registry', 'oci', 'base']),
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
    { name: 'only-the-root-builds', severity: 'error', from: { path: '^src/host/' }, to: { path: '^src/extension' } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'] },
  },
};
