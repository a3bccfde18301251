import tseslint from 'typescript-eslint';

/** Typed lint. A rule that is off says why. */
export default tseslint.config(
  { ignores: ['dist/', 'build/', 'node_modules/', 'test-results/', 'eslint.config.js', 'renderer/**/*.vue', '**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './tsconfig.renderer.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      // Numbers in template strings read well and cannot go wrong.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `() => undefined` and arrow bodies that return a void call are the house style for small callbacks.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // node:test's describe and test return promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite', 'before', 'after'] }] }],
      // node:http types an upgraded connection as Duplex; it is the Socket that we gave it.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // `decodeObject<T>`: the caller names what the table has checked.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // An async method that only forwards keeps the seam's shape.
      '@typescript-eslint/require-await': 'off',
      // `Promise.withResolvers<void>()` is the plain way to say a promise without a value.
      '@typescript-eslint/no-invalid-void-type': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export: default exports have a different name in every file.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of string literals.' },
      ],
    },
  },
  // The command talks to engines of other makers too, which send null where the contract promises a value; and a letter in a table is a code point.
  { files: ['src/cli/**'], rules: { '@typescript-eslint/no-unnecessary-condition': 'off', '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }] } },
  { files: ['renderer/**', '**/*.config.ts'], rules: { 'no-restricted-syntax': 'off' } },
);
