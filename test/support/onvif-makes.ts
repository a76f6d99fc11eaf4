/**
 * Answers as several makes write them, written here by hand after their style: prefixes, spaces, what they leave out and
 * what they add.
 */
const head = (soap: string, namespaces: Readonly<Record<string, string>>): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${soap}:Envelope xmlns:${soap}="http://www.w3.org/2003/05/soap-envelope" ${Object.entries(
    namespaces,
  )
    .map(([prefix, uri]) => `xmlns${prefix === '' ? '' : `:${prefix}`}="${uri}"`)
    .join(' ')}><${soap}:Body>`;

const foot = (soap: string): string => `</${soap}:Body></${soap}:Envelope>`;

const PTZ = 'http://www.onvif.org/ver20/ptz/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';
const POSITION = 'http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace';

/** Every slot of 300, those in use with their place, the others at nought; a status that says "NO error". */
export const hikvisionStyle = {
  presets: `${head('env', { tptz: PTZ, tt: SCHEMA })}<tptz:GetPresetsResponse>
${Array.from({ length: 300 }, (_, index) => {
  const token = index + 1;
  const [name, x, y] =
    token === 1
      ? ['大门', '0.351444', '-0.6']
      : token === 12
        ? ['Preset 12', '-0.9', '1']
        : [`Preset ${token}`, '0', '0'];
  return `<tptz:Preset token="${token}">\n<tt:Name>${name}</tt:Name>\n<tt:PTZPosition>\n<tt:PanTilt x="${x}" y="${y}" space="${POSITION}"/>\n<tt:Zoom x="0.000000" space="http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"/>\n</tt:PTZPosition>\n</tptz:Preset>`;
}).join('\n')}
</tptz:GetPresetsResponse>${foot('env')}`,
  status: `${head('env', { tptz: PTZ, tt: SCHEMA })}<tptz:GetStatusResponse>
<tptz:PTZStatus>
<tt:Position>
<tt:PanTilt x="0.351444" y="-0.600000" space="${POSITION}"/>
<tt:Zoom x="0.000000" space="http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace"/>
</tt:Position>
<tt:MoveStatus>
<tt:PanTilt>IDLE</tt:PanTilt>
<tt:Zoom>IDLE</tt:Zoom>
</tt:MoveStatus>
<tt:Error>NO error</tt:Error>
<tt:UtcTime>2026-11-25T08:00:00Z</tt:UtcTime>
</tptz:PTZStatus>
</tptz:GetStatusResponse>${foot('env')}`,
  /** The zone is in the wrong sense as POSIX has it, and there is no local time. */
  time: `${head('env', { tds: 'http://www.onvif.org/ver10/device/wsdl', tt: SCHEMA })}<tds:GetSystemDateAndTimeResponse>
<tds:SystemDateAndTime>
<tt:DateTimeType>NTP</tt:DateTimeType>
<tt:DaylightSavings>false</tt:DaylightSavings>
<tt:TimeZone>
<tt:TZ>CST-8:00:00</tt:TZ>
</tt:TimeZone>
<tt:UTCDateTime>
<tt:Time>
<tt:Hour>8</tt:Hour>
<tt:Minute>0</tt:Minute>
<tt:Second>5</tt:Second>
</tt:Time>
<tt:Date>
<tt:Year>2026</tt:Year>
<tt:Month>11</tt:Month>
<tt:Day>25</tt:Day>
</tt:Date>
</tt:UTCDateTime>
</tds:SystemDateAndTime>
</tds:GetSystemDateAndTimeResponse>${foot('env')}`,
} as const;

/** Every slot by a default name and without a place; a status without MoveStatus, stamped without a Z. */
export const dahuaStyle = {
  presets: `${head('s', { sc: 'http://www.w3.org/2003/05/soap-encoding', tptz: PTZ, tt: SCHEMA })}<tptz:GetPresetsResponse>${Array.from(
    { length: 256 },
    (_, index) =>
      index === 2
        ? `<tptz:Preset token="3"><tt:Name>3号楼 &amp; 围墙</tt:Name></tptz:Preset>`
        : `<tptz:Preset token="${index + 1}"><tt:Name>Preset${index + 1}</tt:Name></tptz:Preset>`,
  ).join('')}</tptz:GetPresetsResponse>${foot('s')}`,
  status: `${head('s', { tptz: PTZ, tt: SCHEMA })}<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position><tt:PanTilt x="-0.5" y="0,25" space="${POSITION}"></tt:PanTilt><tt:Zoom x="0.1"></tt:Zoom></tt:Position><tt:UtcTime>2026-11-25T16:00:00</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>${foot('s')}`,
} as const;

/** Names in CDATA, prefixes declared where they are used, fractions of seconds, and subscriptions told apart by a number. */
export const axisStyle = {
  presets: `${head('SOAP-ENV', { xsi: 'http://www.w3.org/2001/XMLSchema-instance' })}<GetPresetsResponse xmlns="${PTZ}"><Preset token="1"><Name xmlns="${SCHEMA}">Home</Name><PTZPosition xmlns="${SCHEMA}"><PanTilt space='${POSITION}' y='0.4' x='-0.2'/><Zoom x='1'/></PTZPosition></Preset><Preset token="2"><Name xmlns="${SCHEMA}"><![CDATA[Gate <left> & right]]></Name></Preset></GetPresetsResponse>${foot('SOAP-ENV')}`,
  status: `${head('SOAP-ENV', { tptz: PTZ, tt: SCHEMA })}<tptz:GetStatusResponse><tptz:PTZStatus><tt:Position><tt:PanTilt x="-0.2" y="0.4"/></tt:Position><tt:MoveStatus><tt:PanTilt>MOVING</tt:PanTilt></tt:MoveStatus><tt:Error></tt:Error><tt:UtcTime>2026-11-25T08:00:00.250Z</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>${foot('SOAP-ENV')}`,
  subscription: `${head('SOAP-ENV', { wsa5: 'http://www.w3.org/2005/08/addressing', wsnt: 'http://docs.oasis-open.org/wsn/b-2', tev: 'http://www.onvif.org/ver10/events/wsdl' })}<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa5:Address>http://192.0.2.7/onvif/services</wsa5:Address><wsa5:ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">17</dom0:SubscriptionId></wsa5:ReferenceParameters></tev:SubscriptionReference><wsnt:CurrentTime>2026-11-25T08:00:00Z</wsnt:CurrentTime><wsnt:TerminationTime>2026-11-25T08:01:00Z</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>${foot('SOAP-ENV')}`,
  messages: `${head('SOAP-ENV', { wsnt: 'http://docs.oasis-open.org/wsn/b-2', tev: 'http://www.onvif.org/ver10/events/wsdl', tt: SCHEMA, tns1: 'http://www.onvif.org/ver10/topics', tnsaxis: 'http://www.axis.com/2009/event/topics' })}<tev:PullMessagesResponse><tev:CurrentTime>2026-11-25T08:00:10Z</tev:CurrentTime><tev:TerminationTime>2026-11-25T08:01:00Z</tev:TerminationTime><wsnt:NotificationMessage><wsnt:Topic Dialect="http://docs.oasis-open.org/wsn/t-1/TopicExpression/Simple">tns1:VideoSource/tnsaxis:DayNightVision</wsnt:Topic><wsnt:Message><tt:Message UtcTime="2026-11-25T08:00:09.5Z" PropertyOperation="Initialized"><tt:Source><tt:SimpleItem Name="VideoSourceConfigurationToken" Value="1"/></tt:Source><tt:Data><tt:SimpleItem Name="day" Value="1"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage><wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">tns1:PTZController/PTZPresets/Reached</wsnt:Topic><wsnt:Message><tt:Message UtcTime="2026-11-25T08:00:09.75Z"><tt:Source><tt:SimpleItem Value="1" Name="PTZConfigurationToken"/></tt:Source><tt:Key></tt:Key><tt:Data><tt:SimpleItem Value="2" Name="PresetToken"/><tt:SimpleItem Name="PresetName" Value="Gate"/></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage></tev:PullMessagesResponse>${foot('SOAP-ENV')}`,
} as const;

/** A turret counted in degrees, that offers its own space beside the generic one, and pictures as a hundred parts. */
export const degreesStyle = {
  node: `${head('SOAP-ENV', { tptz: PTZ, tt: SCHEMA })}<tptz:GetNodesResponse><tptz:PTZNode FixedHomePosition="false" token="n"><tt:Name>PTZ</tt:Name><tt:SupportedPTZSpaces><tt:AbsolutePanTiltPositionSpace><tt:URI>http://maker.example/SphericalSpaceDegrees</tt:URI><tt:XRange><tt:Min>-180</tt:Min><tt:Max>180</tt:Max></tt:XRange><tt:YRange><tt:Min>-90</tt:Min><tt:Max>20</tt:Max></tt:YRange></tt:AbsolutePanTiltPositionSpace><tt:AbsolutePanTiltPositionSpace><tt:URI>${POSITION}</tt:URI><tt:XRange><tt:Min>0</tt:Min><tt:Max>360</tt:Max></tt:XRange><tt:YRange><tt:Min>0</tt:Min><tt:Max>180</tt:Max></tt:YRange></tt:AbsolutePanTiltPositionSpace><tt:AbsoluteZoomPositionSpace><tt:URI>http://www.onvif.org/ver10/tptz/ZoomSpaces/PositionGenericSpace</tt:URI><tt:XRange><tt:Min>0</tt:Min><tt:Max>0</tt:Max></tt:XRange></tt:AbsoluteZoomPositionSpace><tt:RelativePanTiltTranslationSpace><tt:URI>http://www.onvif.org/ver10/tptz/PanTiltSpaces/TranslationSpaceFov</tt:URI><tt:XRange><tt:Min>-100.0</tt:Min><tt:Max>100.0</tt:Max></tt:XRange><tt:YRange><tt:Min>-100.0</tt:Min><tt:Max>100.0</tt:Max></tt:YRange></tt:RelativePanTiltTranslationSpace></tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>8</tt:MaximumNumberOfPresets><tt:HomeSupported>true</tt:HomeSupported></tptz:PTZNode></tptz:GetNodesResponse>${foot('SOAP-ENV')}`,
} as const;

/** Faults as SOAP 1.2 and as the 1.1 of old firmware. */
export const faults = {
  soap12: `${head('env', { ter: 'http://www.onvif.org/ver10/error' })}<env:Fault><env:Code><env:Value>env:Sender</env:Value><env:Subcode><env:Value>ter:InvalidArgVal</env:Value><env:Subcode><env:Value>ter:NoToken</env:Value></env:Subcode></env:Subcode></env:Code><env:Reason><env:Text xml:lang="en">The requested preset token does not exist.</env:Text></env:Reason></env:Fault>${foot('env')}`,
  soap11: `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>busy &amp; moving</faultstring></SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>`,
} as const;
