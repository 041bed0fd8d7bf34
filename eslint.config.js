import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/*
 * Connections. A token or a layer may be written only to a connection whose certificate was judged, and VS Code's
 * extension host puts code of its own in place of node:http, node:https and global fetch. So only the files named below
 * may open connections, and everything else asks them.
 */
const connectionModules = ['http', 'https', 'http2', 'net', 'tls', 'dgram'].flatMap((name) => [name, `node:${name}`]);

/** Names of these modules that open no connection. */
const harmless = { 'node:net': ['isIP', 'isIPv4', 'isIPv6', 'BlockList'] };

const connectionMessage =
  'Connections are opened by registry/http/connection.ts and docker/client/engineConnections.ts alone.';

/** The rule for files that may import some names of some modules: `true` stands for all of a module. */
function connectionImports(allowed = {}) {
  const paths = [...connectionModules, 'undici'].flatMap((name) => {
    const names = allowed[name] ?? harmless[name];
    if (names === true) return [];
    const only = names === undefined ? {} : { allowImportNames: names };
    return [{ name, message: connectionMessage, allowTypeImports: true, ...only }];
  });
  return { '@typescript-eslint/no-restricted-imports': ['error', { paths }] };
}

const modulePattern = `/^(?:${connectionModules.join('|')}|undici)$/`;

/** Other ways to the same modules, and to a connection that nobody has judged. */
const connectionSyntax = [
  { selector: `ImportExpression[source.value=${modulePattern}]`, message: connectionMessage },
  { selector: `CallExpression[callee.name='require'][arguments.0.value=${modulePattern}]`, message: connectionMessage },
  {
    selector: "NewExpression[callee.name=/^(?:Agent|Client|Pool)$/]:not(:has(Property[key.name='connect']))",
    message: 'Say how connections are opened: undici would open its own.',
  },
];

const judgedSyntax = {
  selector: "TSAsExpression TSTypeReference[typeName.name='RequestConnection']",
  message: 'Only registry/http/connection.ts says that requests may be written to a connection.',
};

const fetchProperty = { object: 'globalThis', property: 'fetch', message: connectionMessage };

export default tseslint.config(
  { ignores: ['dist', 'dist-test', 'test-results', '.cache', 'src/core/compress/encoder/deflate/assembly'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          allowDefaultProject: ['*.js', '*.mjs', 'api/*.js', '.dependency-cruiser.cjs', 'scripts/*.mjs'],
        },
      },
    },
    rules: {
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'vscode', message: 'The core runs without VS Code; only src/host may import it.' }] },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      ...connectionImports(),
      'no-restricted-syntax': ['error', ...connectionSyntax, judgedSyntax],
      'no-restricted-globals': [
        'error',
        ...['fetch', 'WebSocket', 'EventSource', 'XMLHttpRequest'].map((name) => ({
          name,
          message: connectionMessage,
        })),
      ],
      'no-restricted-properties': ['error', fetchProperty],
    },
  },
  {
    // Opens connections to registries and proxies, and judges certificates.
    files: ['src/core/registry/http/connection.ts'],
    rules: {
      ...connectionImports({ 'node:net': true, 'node:tls': true, undici: ['Client'] }),
      'no-restricted-syntax': ['error', ...connectionSyntax],
    },
  },
  // Makes the contexts by which they are judged.
  { files: ['src/core/registry/http/tls/trustContext.ts'], rules: connectionImports({ 'node:tls': true }) },
  // Sends requests, on connections of the former.
  { files: ['src/core/registry/http/transport.ts'], rules: connectionImports({ undici: ['Agent'] }) },
  // Opens connections to engines, and sends requests on them.
  {
    files: ['src/core/docker/client/engineConnections.ts'],
    rules: connectionImports({ 'node:net': true, 'node:tls': true, undici: ['Client'] }),
  },
  // Looks whether somebody listens on a local socket, and says nothing there.
  { files: ['src/core/docker/endpoint/hostEnvironment.ts'], rules: connectionImports({ 'node:net': true }) },
  // Listens for the engine.
  { files: ['src/core/relay/relayServer.ts'], rules: connectionImports({ 'node:http': ['createServer'] }) },
  {
    // Text from outside is made plain where it is shown: at these few places, and nowhere else.
    files: ['src/extension.ts', 'src/composition/**/*.ts', 'src/host/**/*.ts'],
    ignores: ['src/host/display/**', 'src/host/input/prompts.ts', 'src/host/openInBrowser.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        fetchProperty,
        ...['showErrorMessage', 'showInformationMessage', 'showWarningMessage', 'withProgress'].map((property) => ({
          property,
          message: 'Use src/host/display (messages.ts, withNotification.ts), which makes text from outside plain.',
        })),
        ...['showQuickPick', 'createQuickPick', 'showInputBox', 'createInputBox'].map((property) => ({
          property,
          message: 'Use src/host/input/prompts.ts, which makes text from outside plain.',
        })),
        { property: 'MarkdownString', message: 'Use src/host/display/markdownTooltip.ts: values become code spans.' },
        { property: 'TreeItem', message: 'Use src/host/display/treeItem.ts, which makes text from outside plain.' },
        { property: 'openExternal', message: 'Use src/host/openInBrowser.ts, which checks what is opened.' },
        { property: 'clipboard', message: 'Use src/host/display/clipboard.ts, which copies references only.' },
        { property: 'setStatusBarMessage', message: 'Show it where text from outside is made plain.' },
      ],
      'no-restricted-syntax': [
        'error',
        ...connectionSyntax,
        judgedSyntax,
        {
          selector: 'ImportDeclaration[source.value="vscode"][importKind!="type"] > ImportSpecifier',
          message: 'Import all of vscode: what shows text is then seen by its name.',
        },
      ],
    },
  },
  {
    // The page draws text from outside: nothing of it is parsed as HTML.
    files: ['src/webview/**/*.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'write', 'createContextualFragment'].map((property) => ({
          property,
          message: 'Set texts by setText: nothing is parsed as HTML.',
        })),
      ],
    },
  },
  {
    // A test story may be long, node:test returns promises nobody awaits, and scripts talk to a terminal.
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  { files: ['scripts/**', 'test/tools/**', 'bench/**', '*.mjs'], rules: { 'no-console': 'off' } },
  { files: ['**/*.{js,mjs,cjs}'], ...tseslint.configs.disableTypeChecked },
  {
    // The package for other extensions is CommonJS as it is shipped.
    files: ['api/index.js'],
    languageOptions: { globals: { require: 'readonly', exports: 'writable' } },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly', module: 'writable' } },
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'off' },
  },
);
