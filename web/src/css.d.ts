/** Style sheets are imported for their effect; Vite takes them out into a file. */
declare module '*.css'
