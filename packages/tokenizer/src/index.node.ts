// What @yumo/tokenizer can do in Node only: import it from '@yumo/tokenizer/node'.
export { threads } from './train/threads.node.ts';
