/**
 * The meeting services Sightline knows. One file per service; this file is only the list.
 * To add a service, write its file, add its id to `ServiceId`, and add its import and its line here.
 * In the order of the report contract's ids.
 */
import { lync } from "./lync.ts";
import { meet } from "./meet.ts";
import type { MeetingService } from "./service.ts";
import { teams } from "./teams.ts";
import { webex } from "./webex.ts";
import { webrtc } from "./webrtc.ts";
import { zoom } from "./zoom.ts";

export const SERVICES: readonly MeetingService[] = [lync, teams, zoom, webex, meet, webrtc];
