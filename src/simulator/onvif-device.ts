/** The device and media services of a simulated dome: what it is, what time it has, and where its pictures are. */
import { invalid, notSupported } from './onvif-fault.ts';
import { describeConfiguration, TURRET_CONFIGURATION } from './onvif-turret.ts';
import { xml, type Element, type Markup } from './onvif-xml.ts';

export interface DomeStream {
  readonly url: string;
  readonly widthPx: number;
  readonly heightPx: number;
}

export interface DomeDescription {
  readonly make: string;
  readonly model: string;
  readonly firmware: string;
  readonly serial: string;
  /** `aa:bb:cc:dd:ee:ff` */
  readonly mac: string;
  readonly name: string;
  readonly main: DomeStream;
  readonly sub: DomeStream;
}

export interface DeviceClock {
  nowMs(): number;
  /** Labels its local time UTC, eight hours ahead. */
  readonly tellsLocalTime: boolean;
  set(atMs: number, zone: string | undefined): void;
  /** Its time zone as POSIX writes it. */
  zone(): string;
}

const PLACES = { device: 'device_service', media: 'media', ptz: 'ptz', events: 'events' } as const;
type Place = keyof typeof PLACES;
const NAMESPACES: Readonly<Record<Place, string>> = {
  device: 'http://www.onvif.org/ver10/device/wsdl',
  media: 'http://www.onvif.org/ver10/media/wsdl',
  ptz: 'http://www.onvif.org/ver20/ptz/wsdl',
  events: 'http://www.onvif.org/ver10/events/wsdl',
};
const LOCAL_AHEAD_MS = 8 * 3_600_000;

export class DeviceService {
  readonly #about: DomeDescription;
  readonly #clock: DeviceClock;
  readonly #base: () => string;
  readonly #hasSnapshot: boolean;

  constructor(about: DomeDescription, clock: DeviceClock, base: () => string, hasSnapshot: boolean) {
    this.#about = about;
    this.#clock = clock;
    this.#base = base;
    this.#hasSnapshot = hasSnapshot;
  }

  get scopes(): string[] {
    const { name, model, make } = this.#about;
    const scope = (kind: string, value: string): string => `onvif://www.onvif.org/${kind}/${encodeURIComponent(value)}`;
    return [
      scope('type', 'video_encoder'),
      scope('type', 'ptz'),
      'onvif://www.onvif.org/Profile/Streaming',
      scope('name', name),
      scope('hardware', model),
      scope('manufacturer', make),
    ];
  }

  answer(request: string, body: Element): Markup {
    switch (request) {
      case 'GetSystemDateAndTime':
        return this.#time();
      case 'SetSystemDateAndTime':
        this.#setTime(body);
        return xml`<tds:SetSystemDateAndTimeResponse/>`;
      case 'GetDeviceInformation': {
        const { make, model, firmware, serial } = this.#about;
        return xml`<tds:GetDeviceInformationResponse><tds:Manufacturer>${make}</tds:Manufacturer><tds:Model>${model}</tds:Model><tds:FirmwareVersion>${firmware}</tds:FirmwareVersion><tds:SerialNumber>${serial}</tds:SerialNumber><tds:HardwareId>${model}</tds:HardwareId></tds:GetDeviceInformationResponse>`;
      }
      case 'GetNetworkInterfaces': {
        const address = new URL(this.#base()).hostname;
        return xml`<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>${this.#about.mac}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info><tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual><tt:Address>${address}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual><tt:DHCP>false</tt:DHCP></tt:Config></tt:IPv4></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>`;
      }
      case 'GetServices':
        return xml`<tds:GetServicesResponse>${(Object.keys(PLACES) as Place[]).map((place) => this.#service(place))}</tds:GetServicesResponse>`;
      case 'GetCapabilities':
        return this.#capabilities();
      case 'GetServiceCapabilities':
        return xml`<tds:GetServiceCapabilitiesResponse><tds:Capabilities><tds:Network NTP="0"/><tds:Security HttpDigest="true" UsernameToken="true"/><tds:System DiscoveryBye="false"/></tds:Capabilities></tds:GetServiceCapabilitiesResponse>`;
      case 'GetScopes':
        return xml`<tds:GetScopesResponse>${this.scopes.map((scope) => xml`<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>${scope}</tt:ScopeItem></tds:Scopes>`)}</tds:GetScopesResponse>`;
      default:
        throw notSupported();
    }
  }

  answerMedia(request: string, body: Element): Markup {
    switch (request) {
      case 'GetProfiles':
        return xml`<trt:GetProfilesResponse>${[this.#profile('main'), this.#profile('sub')]}</trt:GetProfilesResponse>`;
      case 'GetVideoSources': {
        const { widthPx, heightPx } = this.#about.main;
        return xml`<trt:GetVideoSourcesResponse><trt:VideoSources token="source-1"><tt:Framerate>10</tt:Framerate><tt:Resolution><tt:Width>${widthPx}</tt:Width><tt:Height>${heightPx}</tt:Height></tt:Resolution></trt:VideoSources></trt:GetVideoSourcesResponse>`;
      }
      case 'GetStreamUri':
        return xml`<trt:GetStreamUriResponse>${mediaUri(this.#about[this.#profileOf(body)].url)}</trt:GetStreamUriResponse>`;
      case 'GetOSDs':
        return xml`<trt:GetOSDsResponse>${this.#caption('osd-1', xml`<tt:Type>Plain</tt:Type><tt:PlainText>${this.#about.name}</tt:PlainText>`)}${this.#caption('osd-2', xml`<tt:Type>DateAndTime</tt:Type><tt:DateFormat>yyyy-MM-dd</tt:DateFormat><tt:TimeFormat>HH:mm:ss</tt:TimeFormat>`)}</trt:GetOSDsResponse>`;
      case 'GetSnapshotUri':
        if (!this.#hasSnapshot) throw notSupported();
        this.#profileOf(body);
        return xml`<trt:GetSnapshotUriResponse>${mediaUri(`${this.#base()}/snapshot.jpg`)}</trt:GetSnapshotUriResponse>`;
      default:
        throw notSupported();
    }
  }

  #caption(token: string, text: Markup): Markup {
    return xml`<trt:OSDs token="${token}"><tt:VideoSourceConfigurationToken>source-configuration</tt:VideoSourceConfigurationToken><tt:Type>Text</tt:Type><tt:Position><tt:Type>UpperLeft</tt:Type></tt:Position><tt:TextString>${text}</tt:TextString></trt:OSDs>`;
  }

  #time(): Markup {
    const atMs = this.#clock.nowMs();
    const ahead = LOCAL_AHEAD_MS;
    const utc = new Date(this.#clock.tellsLocalTime ? atMs + ahead : atMs);
    return xml`<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>Manual</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>${this.#clock.zone()}</tt:TZ></tt:TimeZone><tt:UTCDateTime>${timeAndDate(utc)}</tt:UTCDateTime><tt:LocalDateTime>${timeAndDate(new Date(atMs + ahead))}</tt:LocalDateTime></tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>`;
  }

  #setTime(body: Element): void {
    const utc = body.child('UTCDateTime');
    const [year = 0, month = 0, ...rest] = ['Year', 'Month', 'Day', 'Hour', 'Minute', 'Second'].map((name) =>
      Number(utc?.text(name) ?? Number.NaN),
    );
    const atMs = Date.UTC(year, month - 1, ...rest);
    if (body.text('DateTimeType') !== 'Manual' || !Number.isFinite(atMs)) {
      throw invalid('InvalidDateTime', 'The date or time is not one that can be set');
    }
    this.#clock.set(atMs, body.text('TZ'));
  }

  #service(place: Place): Markup {
    return xml`<tds:Service><tds:Namespace>${NAMESPACES[place]}</tds:Namespace><tds:XAddr>${this.#address(place)}</tds:XAddr><tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>`;
  }

  #capabilities(): Markup {
    const at = (place: Place): Markup => xml`<tt:XAddr>${this.#address(place)}</tt:XAddr>`;
    return xml`<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device>${at('device')}</tt:Device><tt:Events>${at('events')}<tt:WSSubscriptionPolicySupport>false</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport><tt:WSPausableSubscriptionManagerInterfaceSupport>false</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events><tt:Media>${at('media')}<tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast><tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media><tt:PTZ>${at('ptz')}</tt:PTZ></tds:Capabilities></tds:GetCapabilitiesResponse>`;
  }

  #address(place: Place): string {
    return `${this.#base()}/onvif/${PLACES[place]}`;
  }

  #profile(name: 'main' | 'sub'): Markup {
    const { widthPx, heightPx } = this.#about[name];
    const { main } = this.#about;
    return xml`<trt:Profiles token="${name}" fixed="true"><tt:Name>${name}</tt:Name><tt:VideoSourceConfiguration token="source-configuration"><tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>source-1</tt:SourceToken><tt:Bounds x="0" y="0" width="${main.widthPx}" height="${main.heightPx}"/></tt:VideoSourceConfiguration><tt:VideoEncoderConfiguration token="encoder-${name}"><tt:Name>${name}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>${widthPx}</tt:Width><tt:Height>${heightPx}</tt:Height></tt:Resolution><tt:Quality>4</tt:Quality><tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration><tt:PTZConfiguration token="${TURRET_CONFIGURATION}">${describeConfiguration()}</tt:PTZConfiguration></trt:Profiles>`;
  }

  #profileOf(body: Element): 'main' | 'sub' {
    const token = body.text('ProfileToken');
    if (token !== 'main' && token !== 'sub') throw invalid('NoProfile', 'The requested profile token does not exist');
    return token;
  }
}

function mediaUri(url: string): Markup {
  return xml`<trt:MediaUri><tt:Uri>${url}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>`;
}

function timeAndDate(at: Date): Markup {
  return xml`<tt:Time><tt:Hour>${at.getUTCHours()}</tt:Hour><tt:Minute>${at.getUTCMinutes()}</tt:Minute><tt:Second>${at.getUTCSeconds()}</tt:Second></tt:Time><tt:Date><tt:Year>${at.getUTCFullYear()}</tt:Year><tt:Month>${at.getUTCMonth() + 1}</tt:Month><tt:Day>${at.getUTCDate()}</tt:Day></tt:Date>`;
}
