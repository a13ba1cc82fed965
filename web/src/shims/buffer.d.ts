/** What core's observer uses of Node's Buffer. The page follows its types alone: it looks at no sectors. */
declare const Buffer: { compare(a: Uint8Array, b: Uint8Array): number }
