// The page on which a person and a model write together.

import { ChatPage } from '../features/chat/chat-page.tsx';

export default function Page() {
  return <ChatPage />;
}
