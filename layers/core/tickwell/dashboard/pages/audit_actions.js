// What the audit log calls actions: operation ids of the API.

/** Those that are worth looking for. Any other id may be typed. */
export const ACTIONS = (
  "acceptInvitation addWebhook applyJobs backfillJob cancelJob changeJobs changeMember changeOrganization "
  + "changePassword changeQueue createApiKey createFile createHook createInvitation createJobs createQueue "
  + "deleteApiKey deleteDeadLetter deleteDeadLetters deleteFile deleteHook deleteInvitation deleteJob "
  + "deleteOrganization deleteQueue deleteSecret executeJob exportOrganization login logout pauseJob pauseQueue "
  + "putJob putSecret register removeMember removeWebhook resetPassword resumeJob resumeQueue retryDeadLetter "
  + "retryDeadLetters retryJob rotateWebhook updateJob"
).split(" ");

const WORDS = { api: "API", login: "Signed in", logout: "Signed out", register: "Registered" };

/** "deleteApiKey" as "Delete API key". */
export function actionWords(id) {
  if (WORDS[id]) return WORDS[id];
  const words = id.replace(/([A-Z])/g,
    " $1").toLowerCase().split(" ").map((word) => (word === "api" ? WORDS.api : word)).join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
