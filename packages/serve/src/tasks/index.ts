// Tasks as streams of events, for a server and for a worker in the page. Nothing of Node.

export * from './open.ts';
export * from './read.ts';
export * from './rewrite.ts';
